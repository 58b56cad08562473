// What the fields say. `count` is how many numbers are asked for.

const TEXTS = {
  en: {
    right: "Right.",
    wrong: "Not yet. Try again, or open the answer below.",
    empty: (count) => (count === 1 ? "Type a number first." : `Type ${count} numbers first.`),
    notANumber: (count, part) => `“${part}” is not a number. Write digits, as in 12 or -0.5.`,
    tooLarge: (count, part) => `${part} is larger than any number that can be held here.`,
    count: (count, given) =>
      count === 1
        ? `One number is asked for, and ${given} were given. Write thousands without a comma.`
        : `${count} numbers are asked for, and ${given === 1 ? "1 was" : `${given} were`} given.`,
  },
  ja: {
    right: "正解です。",
    wrong: "まだ違います。もう一度考えるか、下の解答を開いてください。",
    empty: (count) => (count === 1 ? "数値を入力してください。" : `${count}個の数値を入力してください。`),
    notANumber: (count, part) => `「${part}」は数値ではありません。12 や -0.5 のように入力してください。`,
    tooLarge: (count, part) => `${part} は大きすぎて、数値として扱えません。`,
    count: (count, given) =>
      count === 1
        ? `答えは1つの数値ですが、${given}個入力されています。桁区切りのコンマは付けないでください。`
        : `答えは${count}個の数値ですが、入力されたのは${given}個です。`,
  },
};

export const texts = TEXTS[document.documentElement.lang] ?? TEXTS.en;
