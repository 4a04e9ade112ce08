// A server component: the package says by itself what belongs to the client.
import { DictationButton } from "@utter/transcribe/react";

const apiUrl = process.env.NEXT_PUBLIC_UTTER_URL ?? "http://127.0.0.1:8780";

export default function Page() {
  return (
    <main>
      <h1>Notes</h1>
      <label htmlFor="notes">Notes</label>
      <textarea id="notes" />
      <DictationButton apiUrl={apiUrl} language="en" />
    </main>
  );
}
