import { useState } from "react";
import { createRoot } from "react-dom/client";
import {
  connect, ReferenceAudioInput, Scope, useReferenceAudio,
  type ReferenceAudioServices, type ReferenceAudioValue,
} from "utter-transcribe-frontend";
import "utter-transcribe-frontend/styles.css";

function VoiceForm({ services }: { services: ReferenceAudioServices }) {
  const reference = useReferenceAudio(services, { mode: "record", language: "en" });
  const [value, setValue] = useState<ReferenceAudioValue>();
  if (!reference) return null;
  return (
    <main>
      <ReferenceAudioInput reference={reference} onChange={setValue} />
      <button disabled={!value?.file || value.busy}>Continue</button>
    </main>
  );
}

const scope = new Scope(); // dispose it when the page goes
const services = await connect(scope, { apiUrl: "http://127.0.0.1:37899" });
createRoot(document.body).render(<VoiceForm services={services} />);
