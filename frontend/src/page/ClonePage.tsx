/** The page: from a few lines read aloud to a voice in the list. */
import { Fragment, lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import {
  type Account,
  fetchUsage,
  isOver,
  type ReferenceAudio,
  type ReferenceAudioServices,
  Scope,
  Store,
  type Usage,
} from "../index";
import {
  Boundary,
  Card,
  ReferenceAudioInput,
  useKeepFocus,
  useReadable,
  useReferenceAudio,
  useScope,
} from "../react";
import { CloneForm } from "./CloneForm";
import { Header } from "./Header";
import { usePlayback } from "./playback";
import { Remote } from "./remote";
import type { SignInMode } from "./SignIn";
import { useWords } from "./use-words";
import { Voices } from "./voices";

// Most visits begin signed in, or need no account, and most people bring no key.
const SignInDialog = lazy(async () => ({ default: (await import("./SignIn")).SignInDialog }));
const SignInGate = lazy(async () => ({ default: (await import("./SignIn")).SignInGate }));
const KeyNeeded = lazy(async () => ({ default: (await import("./OwnKeyPanel")).KeyNeeded }));
const VoiceList = lazy(async () => ({ default: (await import("./VoiceList")).VoiceList }));
const Keys = lazy(async () => ({ default: (await import("./Keys")).Keys }));
const OwnKeyPanel = lazy(async () => ({ default: (await import("./OwnKeyPanel")).OwnKeyPanel }));

/** Before a component has its reference audio, the person does not change. */
const NOBODY = new Store(0);
/** Milliseconds that a sign-out waits for a deletion. */
const COMMIT_MS = 3000;
/** Milliseconds after which a page has settled. */
const SETTLED_MS = 2000;

export type PageServices = ReferenceAudioServices & { readonly account: Account };

/** Asks before the page is left while a take is being recorded. */
function useLeaveGuard(reference: ReferenceAudio | undefined): void {
  useScope(
    (scope) => {
      if (!reference) return;
      scope.listen(window, "beforeunload", (event) => {
        if (reference.getSnapshot().recorder.stage !== "idle") event.preventDefault();
      });
    },
    [reference],
  );
}

type Snapshot = ReturnType<ReferenceAudio["getSnapshot"]>;

/** Calls `tell` after each change; the newest one of a component's renders. */
function useChanges(
  reference: ReferenceAudio | undefined,
  tell: (after: Snapshot, before: Snapshot) => void,
): void {
  const latest = useRef(tell);
  latest.current = tell;
  useScope(
    (scope) => {
      if (!reference) return;
      let before = reference.getSnapshot();
      scope.add(
        reference.subscribe(() => {
          const [after, last] = [reference.getSnapshot(), before];
          before = after;
          latest.current(after, last);
        }),
      );
    },
    [reference],
  );
}

/** The microphone is on: what is played now would be in the recording. */
const isHeard = ({ recorder, check }: Snapshot) =>
  check !== undefined || !["idle", "paused"].includes(recorder.stage);

/** What has been paid for changes when a transcription ends, live or not. */
function isCharged(after: Snapshot, before: Snapshot): boolean {
  const { status } = after.transcription;
  const passEnded =
    status !== before.transcription.status && (status === "done" || status === "failed");
  return passEnded || (isOver(after.live.phase) && !isOver(before.live.phase));
}

/** Becomes true, and stays so. */
function useOnce(is: boolean): boolean {
  const was = useRef(false);
  was.current ||= is;
  return was.current;
}

/** Whether the page has stood for a while: what few use is loaded then. */
function useSettled(): boolean {
  const [isSettled, setSettled] = useState(false);
  useScope((scope) => void scope.after(SETTLED_MS, () => setSettled(true)), []);
  return isSettled;
}

function NoVoices() {
  const t = useWords();
  return (
    <Card labelledBy="no-voices">
      <h2 className="text-lg font-medium" id="no-voices">
        {t("voices.title")}
      </h2>
      <p className="mt-1 text-soft">{t("voices.empty")}</p>
    </Card>
  );
}

export function ClonePage({ services }: { readonly services: PageServices }) {
  const { account, api, config } = services;
  const t = useWords();
  const [signingIn, setSigningIn] = useState<SignInMode>();
  const [hasKey, setHasKey] = useState(false);
  const state = useReadable(account);
  const userId = state.status === "in" ? state.userId : undefined;
  const reference = useReferenceAudio(services);
  const playback = usePlayback(api, userId);

  const { scope, usage, voices } = useMemo(() => {
    const pageScope = new Scope();
    return {
      scope: pageScope,
      usage: new Remote<Usage>((signal) => fetchUsage(api, signal), pageScope),
      voices: new Voices(api, pageScope),
    };
  }, [api]);
  useEffect(() => () => scope.dispose(), [scope]);
  useLeaveGuard(reference);
  useChanges(reference, (after, before) => {
    if (isHeard(after) && !isHeard(before)) playback.stop();
    if (isCharged(after, before)) void usage.refresh();
  });

  const isSettled = useSettled();
  const { data: listed, failed: unlisted } = useReadable(voices.list);
  const hasVoices = useOnce(unlisted || (listed?.length ?? 0) > 0);
  const person = useReadable(reference?.person ?? NOBODY);
  const signOut = async () => {
    // What was decided is done while there is someone to do it for, and not waited for in vain.
    const patience = new Scope(scope);
    const timeout = new Promise<void>((resolve) => patience.after(COMMIT_MS, resolve));
    await Promise.race([voices.commit(), timeout]);
    patience.dispose();
    await account.signOut();
  };

  useEffect(() => {
    usage.clear();
    voices.clear();
    if (userId === undefined) return;
    void usage.refresh();
    void voices.refresh();
  }, [userId, usage, voices]);
  const offer = config.own_keys ?? "off";
  const mayBringKey = offer !== "off" && state.status === "in" && !state.isAnonymous;
  const isKeyNeeded = offer === "required";
  const keyPanel = mayBringKey ? (
    <Boundary words={t("failed.key")}>
      <Suspense>
        <OwnKeyPanel api={api} isNeeded={isKeyNeeded} key={userId} onStored={setHasKey} />
      </Suspense>
    </Boundary>
  ) : null;

  const today = useReadable(usage).data;
  const root = useRef<HTMLElement>(null);
  useKeepFocus(root);
  const opener = useRef<Element>(null);
  const openSignIn = () => open("signIn");
  const open = (what: SignInMode) => {
    opener.current = document.activeElement;
    setSigningIn(what);
  };
  const recovering = useReadable(account.recovering);
  const dialog = recovering ? "renew" : signingIn;
  const closeSignIn = () => {
    account.keepPassword();
    setSigningIn(undefined);
    if (opener.current instanceof HTMLElement) opener.current.focus();
  };
  const isAnonymous = state.status === "in" && state.isAnonymous;
  // The visitor is new, and the deployment asks for an account.
  const isGate = state.status === "out" && !state.ended && !config.allow_anonymous;
  return (
    <main className="mx-auto max-w-[42rem] space-y-5 px-4 py-6 sm:py-10" ref={root}>
      <Boundary words={t("failed.header")}>
        <Header
          account={account}
          notice={config.notice}
          onSignIn={openSignIn}
          onSignOut={() => void signOut()}
          ownKey={hasKey}
          usage={today}
        />
      </Boundary>
      {isGate ? (
        <Boundary words={t("failed.signIn")}>
          <Suspense fallback={<p className="text-soft">{t("page.wait")}</p>}>
            <SignInGate account={account} />
          </Suspense>
        </Boundary>
      ) : null}
      {reference && !isGate ? (
        <Fragment key={person}>
          {
            // What nothing else works without comes first.
            isKeyNeeded ? keyPanel : null
          }
          {isKeyNeeded && !mayBringKey ? (
            <Boundary words={t("failed.signIn")}>
              <Suspense>
                <KeyNeeded onSignIn={openSignIn} />
              </Suspense>
            </Boundary>
          ) : null}
          <ReferenceAudioInput onSignIn={openSignIn} reference={reference} />
          <Boundary words={t("failed.form")}>
            <CloneForm
              onSignIn={openSignIn}
              playback={playback}
              onVoice={(voice) => {
                voices.add(voice);
                void usage.refresh();
              }}
              reference={reference}
            />
          </Boundary>
          <Boundary words={t("failed.voices")}>
            {hasVoices ? (
              <Suspense fallback={<NoVoices />}>
                <VoiceList
                  api={api}
                  config={config}
                  onSave={isAnonymous ? () => open("create") : undefined}
                  playback={playback}
                  voices={voices}
                />
              </Suspense>
            ) : (
              <NoVoices />
            )}
          </Boundary>
          {isKeyNeeded ? null : keyPanel}
          <Boundary words={t("failed.form")}>
            <Suspense>{isSettled ? <Keys reference={reference} /> : null}</Suspense>
          </Boundary>
        </Fragment>
      ) : null}
      {dialog ? (
        <Boundary words={t("failed.signIn")}>
          <Suspense>
            <SignInDialog
              account={account}
              allowAnonymous={config.allow_anonymous && state.status === "out"}
              begin={dialog}
              key={dialog}
              onClose={closeSignIn}
            />
          </Suspense>
        </Boundary>
      ) : null}
    </main>
  );
}
