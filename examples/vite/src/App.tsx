import {
  DictationButton,
  ReferenceAudioInput,
  useConnection,
  useReferenceAudio,
} from "@utter/transcribe/react";
import { useRef, useState } from "react";

/** Where the services are. */
const apiUrl: string = import.meta.env.VITE_UTTER_URL ?? "http://127.0.0.1:8780";

function Notes() {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  return (
    <p>
      <label htmlFor="notes">Notes</label>
      <textarea id="notes" onChange={(e) => setText(e.target.value)} ref={field} value={text} />
      <DictationButton apiUrl={apiUrl} language="en" target={field} />
      <output>{text.length} characters</output>
    </p>
  );
}

function Voice() {
  const { services, error, retry } = useConnection({ apiUrl });
  const reference = useReferenceAudio(services, { language: "en" });
  if (error) return <button onClick={retry}>Connect again</button>;
  if (!reference) return <p>Connecting…</p>;
  return <ReferenceAudioInput reference={reference} />;
}

export function App() {
  return (
    <main>
      <h1>Notes</h1>
      <Notes />
      <Voice />
    </main>
  );
}
