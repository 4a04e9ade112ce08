/** Reads the deployment's configuration, then shows the page. */
import { useState } from "react";
import { connect } from "../index";
import { Button, LocaleContext, Message, useReadable, useScope } from "../react";
import { ClonePage, type PageServices } from "./ClonePage";
import { pageLanguage } from "./language";
import { useWords } from "./use-words";

/** In development a recording may stand in for the microphone: `?loopback=/path.wav`. */
async function developmentSource() {
  if (import.meta.env.MODE === "production") return undefined;
  const url = new URLSearchParams(location.search).get("loopback");
  if (!url) return undefined;
  // biome-ignore lint/style/noRestrictedImports: apart, so that production leaves it out.
  const { LoopbackSource } = await import("../audio/loopback");
  return new LoopbackSource(url);
}

export function App() {
  return (
    <LocaleContext value={useReadable(pageLanguage)}>
      <Connected />
    </LocaleContext>
  );
}

function Connected() {
  const t = useWords();
  const [services, setServices] = useState<PageServices>();
  const [failed, setFailed] = useState(false);
  const [attempt, setAttempt] = useState(0);
  useScope(
    (scope) => {
      const open = async () => {
        const source = await developmentSource();
        const connected = await connect(scope, source ? { source } : {});
        if (!scope.disposed) setServices(connected);
      };
      open().catch(() => {
        if (!scope.disposed) setFailed(true);
      });
    },
    [attempt],
  );
  if (services) return <ClonePage services={services} />;
  return (
    <main className="mx-auto max-w-[42rem] px-4 py-10">
      <h1 className="mb-4 text-3xl font-semibold tracking-tight">{t("page.title")}</h1>
      {failed ? (
        <Message
          actions={
            <Button
              onClick={() => {
                setFailed(false);
                setAttempt(attempt + 1);
              }}
              variant="link"
            >
              {t("out.try-again")}
            </Button>
          }
        >
          {t("problem.unreachable")}
        </Message>
      ) : (
        <p className="text-soft">{t("page.wait")}</p>
      )}
    </main>
  );
}
