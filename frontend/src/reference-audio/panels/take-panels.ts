/** The panels that are needed only with a take or a file. */
// Beside the text, and fetched with these: a take that is made offline has it too.
export { PlayableTranscript } from "../../pair/PlayableTranscript";
export { TakePanel } from "../TakePanel";
export { TakeTray } from "../TakeTray";
export { UploadPanel } from "../UploadPanel";
