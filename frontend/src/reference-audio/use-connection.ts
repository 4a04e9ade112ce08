/** The services of a deployment, for as long as a component is there. */
import { useCallback, useEffect, useRef, useState } from "react";
import { useScope } from "../ui/hooks";
import { type ConnectOptions, connect, type ReferenceAudioServices } from "./services";

export interface Connection {
  /** Undefined while they are on their way, or did not come. */
  readonly services: ReferenceAudioServices | undefined;
  /** Why they did not come. */
  readonly error: unknown;
  retry(): void;
}

const NOTHING: Omit<Connection, "retry"> = { services: undefined, error: undefined };

/** Connects once it is on the page; again when the address is another. */
export function useConnection({ apiUrl, token, source }: ConnectOptions = {}): Connection {
  const [found, setFound] = useState(NOTHING);
  const [attempt, setAttempt] = useState(0);
  const latest = useRef(token);
  useEffect(() => {
    latest.current = token; // a new function for each render is still one supplier
  });
  const hasToken = token !== undefined;
  useScope(
    (scope) => {
      setFound(NOTHING);
      const supply = hasToken
        ? (refresh?: boolean) => (latest.current ?? token)(refresh)
        : undefined;
      connect(scope, { apiUrl, token: supply, source }).then(
        (services) => {
          if (!scope.disposed) setFound({ ...NOTHING, services });
        },
        (error: unknown) => {
          // An effect that StrictMode undoes is no failure.
          if (!scope.disposed) setFound({ ...NOTHING, error });
        },
      );
    },
    [apiUrl, hasToken, source, attempt],
  );
  const retry = useCallback(() => setAttempt((count) => count + 1), []);
  return { ...found, retry };
}
