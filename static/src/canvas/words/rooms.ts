/** The rooms of the canvas, each with words of its own: one line a room. */

export { canvas } from "./canvas";
export { drafts } from "./drafts";
export { editing } from "./editing";
export { forms } from "./forms";
export { live } from "./live";
export { nesting } from "./nesting";
export { publishing } from "./publishing";
export { reading } from "./reading";
export { trying } from "./trying";
