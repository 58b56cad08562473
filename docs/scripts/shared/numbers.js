// Whole numbers as people type them.

export const MOST = 1_000_000;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

const PROBLEMS = {
  en: {
    empty: () => "Type a whole number, 1 or more.",
    word: (text) => `“${text}” is no number. Type a whole number, 1 or more.`,
    part: (text) => `${text} is no whole number.`,
    small: (text) => `${text} is too small: 1 is the least.`,
    large: (text) => `${text} is too large: up to ${grouped(MOST)} is computed here.`,
    unknown: " Where a size may be any, None will do.",
  },
  ja: {
    empty: () => "1以上の整数を入力してください。",
    word: (text) => `「${text}」は数値ではありません。1以上の整数を入力してください。`,
    part: (text) => `${text} は整数ではありません。`,
    small: (text) => `${text} は小さすぎます。1以上にしてください。`,
    large: (text) => `${text} は大きすぎます。ここで計算できるのは ${grouped(MOST)} までです。`,
    unknown: "大きさを決めない場合は None と入力します。",
  },
};

export const language = document.documentElement.lang === "ja" ? "ja" : "en";

/** A number with commas: 1,376. */
export function grouped(number) {
  return number.toLocaleString("en-US");
}

/**
 * What was typed, as `{ value }`, or as `{ problem }`: a sentence that says what to type instead.
 * Where `unknown` is true, "None" is a value, too: `null`.
 */
export function readWhole(text, unknown = false) {
  // Full-width digits are digits.
  const typed = text.normalize("NFKC").trim().replace("−", "-");
  if (unknown && typed.toLowerCase() === "none") return { value: null };
  const value = Number(typed);
  const kind =
    typed === "" ? "empty"
    : !NUMBER.test(typed) ? "word"
    : value < 1 ? "small"
    : value > MOST ? "large"
    : !Number.isInteger(value) ? "part"
    : null;
  if (kind === null) return { value };
  const shown = typed.length > 24 ? `${typed.slice(0, 24)}…` : typed;
  const more = unknown && (kind === "empty" || kind === "word") ? PROBLEMS[language].unknown : "";
  return { problem: PROBLEMS[language][kind](shown) + more };
}
