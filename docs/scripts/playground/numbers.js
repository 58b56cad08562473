// Numbers as they are written on the page: three decimals, and never a 0 that is none.

export function decimals(value) {
  const size = Math.abs(value);
  let text;
  if (size === 0) text = "0";
  else if (size < 0.0005 || size >= 99999.5) text = value.toExponential(0).replace("e+", "e");
  else if (size >= 99.95) text = value.toFixed(0);
  else text = value.toFixed(size < 9.9995 ? 3 : 2);
  return text.replaceAll("-", "−");
}

// As it was typed, but with a real minus sign.
export const asGiven = (value) => String(value).replaceAll("-", "−");

// A factor or a summand within a longer expression.
export const bracketed = (text) => (text.startsWith("−") ? `(${text})` : text);

// Python's format ".6g".
export function sixDigits(value) {
  const [digits, exponent] = value.toExponential(5).split("e");
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) return String(Number(value.toPrecision(6)));
  const sign = power < 0 ? "-" : "+";
  return `${Number(digits)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
}
