/** English. Messages are ICU MessageFormat: `{name}`, `{count, plural, one {# word} other {# words}}`. */
export const words = {
  "part.failed": "This part of the page failed. Your recording is kept.",
  "record.stop": "Stop recording",
  "tabs.label": "How to give the audio",
  "tabs.record": "Record",
  "tabs.title": "Reference audio",
  "tabs.upload": "Upload",
  "transcript.failed": "The transcript cannot be shown just now. Your recording is kept.",
} as const;
