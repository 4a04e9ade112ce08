/** The panels that nobody needs before there is a take, or a file to choose. */
export { TakePanel } from "../TakePanel";
export { TakeTray } from "../TakeTray";
export { UploadPanel } from "../UploadPanel";
