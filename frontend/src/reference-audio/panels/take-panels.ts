/** The panels that nobody needs before there is a take, or a file to choose. */
// Beside the text, and fetched with these: a take that is made offline has it too.
export { PlayableTranscript } from "../../pair/PlayableTranscript";
export { TakePanel } from "../TakePanel";
export { TakeTray } from "../TakeTray";
export { UploadPanel } from "../UploadPanel";
