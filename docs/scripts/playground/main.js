import { hello } from "playground/recurrence";

document.querySelector("article").append(hello);
