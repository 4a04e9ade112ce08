/** Which limit ended a dictation, in English; `errors/words` has the other languages. */
export const LIMIT_WORDS: { readonly [reason: string]: string } = {
  max_duration: "This is the maximum length. Start again to continue.",
  quota_exceeded: "You have used today's minutes.",
  budget_exceeded: "Transcription is paused for today.",
};
