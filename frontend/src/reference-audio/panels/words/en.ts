/** English. Messages are ICU MessageFormat: `{name}`, `{count, plural, one {# word} other {# words}}`. */
export const words = {
  "take.title": "Your take",
  "take.good": "Good: ",
  "take.fair": "Note: ",
  "take.bad": "Problem: ",
  "take.restored": "This was kept in your browser when the page closed.",
  "take.unplayable": "This browser cannot play this file; its length is checked when it is sent.",
  "take.notKept": "This browser can't keep the take if you reload the page.",
  "take.transcribe": "Transcribe",
  "take.redo": "Redo",
  "take.other": "Choose another file",

  // What is said about a take. `{length}` and `{limit}` as in "12 seconds".
  "verdict.tooShort": "Too short: {length}. At least {limit} are needed.",
  "verdict.tooLong": "Too long: {length}. At most {limit} fit.",
  "verdict.short": "A little short: {length}. {from}–{to} seconds works best.",
  "verdict.long": "Rather long: {length}. {from}–{to} seconds works best.",
  "verdict.length": "Good length: {length}.",
  "verdict.dropouts": "The sound drops out completely in places. Was the microphone muted?",
  "verdict.quiet": "Too quiet. Move closer to the microphone.",
  "verdict.level": "Good level.",
  "verdict.unclipped": "No clipping.",
  "verdict.clipped": "Too loud: the sound is clipped. Move back, or turn the input down.",
  "verdict.peaks": "A few peaks are clipped. A little quieter would be better.",
  "verdict.faint": "Your voice hardly stands out from the room. Move closer.",
  "verdict.room": "Quiet room.",

  /** Two parts of one line: the second is a link. */
  "upload.drop": "Drop an audio file here",
  "upload.or": "or choose one",
  "upload.choose": "Choose an audio file",
  /** `{kinds}` as in "WAV, MP3 or FLAC", `{size}` as in "50 MB", the others as in "3 seconds". */
  "upload.accepted": "{kinds}, up to {size}, {shortest} to {longest} long",
  "upload.looking": "Looking at the file…",
  "upload.transcribe": "Transcribe on select",
  "file.kind": "This kind of file cannot be used. These can: {kinds}.",
  "file.empty": "This file is empty.",
  "file.size": "This file is too large. At most {size} fit.",
  "file.unreadable": "This file cannot be read. It may have been moved or changed.",
  "compare.same": "No word differs.",

  "terms.title": "Words to expect",
  "terms.count": "Words to expect ({count})",
  "terms.help": "Names and terms, such as “Voxtral”. They help the next transcription.",
  "terms.single": "Single words: a phrase counts as its words.",
  "terms.topic": "What is this recording about?",
  "terms.add": "Add",
  "terms.remove": "Remove {term}",
  "models.title": "Advanced",
  "models.realtime": "Model for live words",
  "models.batch": "Model for the final text",

  // The takes beside the one at hand.
  "tray.bad": "not usable",
  "tray.deleted": "The take of {seconds, plural, one {# second} other {# seconds}} is deleted.",
  "tray.fair": "usable",
  "tray.good": "good",
  "tray.others": "Other takes",
  "tray.pause": "Pause {name}",
  "tray.play": "Play {name}",
  "tray.take": "Take {number}",
  "tray.title": "Your takes",
  "tray.full": "Delete a take to make room for another.",

  "microphone.lost": "The microphone was disconnected. What you recorded is kept; resume or stop.",
  "microphone.stuck":
    "No sound comes from the microphone. Choose another one, then resume or stop.",
  "microphone.allow":
    "Open the site settings beside the address (a lock or sliders), allow the microphone for this page, then press Start recording again.",

  "check.begin": "Check the sound",
  "check.end": "End the check",
  "check.speak": "Say something.",
  "check.great": "Sounds great.",
  "check.quiet": "A bit quiet: come closer.",
  "check.loud": "Too loud: move back a little.",
  "check.noisy": "There is a steady noise: a fan? a window?",
  "check.countdown": "Count 3-2-1 before a recording",

  // Said by screen readers.
  "said.started": "Recording started.",
  "said.resumed": "Recording resumed.",
  "said.paused": "Recording paused.",
  "said.stopped": "Recording stopped. {length}",
  "said.left": "{count, plural, one {# second left.} other {# seconds left.}}",
  "said.reconnecting": "Reconnecting. Still recording.",
  "said.wordsStopped": "Live words stopped. Still recording.",
  "said.ready": "The transcript is ready.",

  // Ways out of a problem.
  "out.allow-microphone": "How to allow it",
  "out.upload-instead": "Upload a file instead",
  "out.download": "Download recording",
  "out.take-over": "Take over here",

  // Problems, each with what is safe and what to do.
  "problem.quota": "You have used today's minutes.",
  /** `{time}` as in "02:00". */
  "problem.quotaUntil": "You have used today's minutes. They return at {time}.",
  "problem.signInForMore": "Sign in for more, or type what you said. Your recording is safe.",
  "problem.signInForMoreLive": "Sign in for more. Your recording is safe.",
  "problem.safe": "Your recording is safe.",
  "problem.safeType": "Your recording is safe: type what you said.",
  "problem.safeTry": "Your recording is safe: type what you said, or try again.",
  "problem.safeLater": "Your recording is safe; we will transcribe it when you stop.",
  "problem.own_key_required": "To transcribe here you need a Mistral key of your own.",
  "problem.own_key_refused": "Mistral refused your own key. Check, replace or delete it.",
  "problem.own_key_unreadable":
    "Your own Mistral key can no longer be read. Store it again, or delete it.",
  "problem.budget":
    "Transcription is paused for today. Your recording is safe: type what you said.",
  "problem.inProgress": "This recording is being transcribed already. Try again in a moment.",
  "problem.slowUpload":
    "The upload was too slow. Your recording is safe: try again, or type what you said.",
  "problem.failed":
    "We could not transcribe it. Your recording is safe: type what you said, or try again.",
  "problem.elsewhere": "You are already recording elsewhere.",
  "problem.liveUsed": "Today's live minutes are used up.",
  "problem.liveEnded": "Live words ended here.",
  "problem.liveStopped": "Live words stopped.",
  "problem.liveMoved": "Live transcript moved to another tab.",
  "problem.noLive": "There are no live words. Your recording is safe.",
  "problem.signIn": "Signing in didn't work. Your recording is safe.",
  "problem.unusable": "This recording can't be used.",
  "preset.label": "Made for",
} as const;
