/** What `<utter-reference-audio>` shows, by React. */
import { createRoot } from "react-dom/client";
import type { TokenSupplier } from "../session/token";
import { Button, Message } from "../ui/controls";
import { useCatalogue } from "../words/use-words";
import { PANEL_WORDS } from "./panels/catalogue";
import { ReferenceAudioInput } from "./ReferenceAudioInput";
import type { Mode, ReferenceAudioValue } from "./state";
import { useConnection } from "./use-connection";
import { useReferenceAudio } from "./use-reference-audio";

interface Given {
  readonly apiUrl: string | undefined;
  readonly token: TokenSupplier | undefined;
  readonly mode: Mode;
  readonly language: string;
  readonly locale: string | undefined;
  readonly onChange: (value: ReferenceAudioValue) => void;
}

function Root({ apiUrl, token, mode, language, locale, onChange }: Given) {
  const { services, error, retry } = useConnection({ apiUrl, token });
  const t = useCatalogue(PANEL_WORDS, { locale });
  const reference = useReferenceAudio(services, { mode, language });
  if (reference) {
    return <ReferenceAudioInput locale={locale} onChange={onChange} reference={reference} />;
  }
  if (!error) return null;
  return (
    <div className="utter" dir={t.direction} lang={t.language}>
      <Message
        actions={
          <Button onClick={retry} variant="link">
            {t("out.try-again")}
          </Button>
        }
      >
        {t("problem.unreachable")}
      </Message>
    </div>
  );
}

/** Renders into an element; returns how to take it away. */
export function mount(element: HTMLElement, given: Given): () => void {
  const root = createRoot(element);
  root.render(<Root {...given} />);
  return () => root.unmount();
}
