/** What went wrong, in the person's language. */
import { useContext, useEffect, useState } from "react";
import { LocaleContext } from "../words/use-words";
import type { Fault } from "./catalogue";

/** In English until the words are loaded; undefined while nothing is wrong. */
export function useFaultWords(fault: Fault | undefined, locale?: string): string | undefined {
  const around = useContext(LocaleContext);
  const wanted = locale ?? around;
  const { code, reason, message } = fault ?? { code: "", message: "" };
  const subject = JSON.stringify([wanted, code, reason, message]);
  const [said, setSaid] = useState({ subject: "", words: "" });
  useEffect(() => {
    if (code === "" || wanted.startsWith("en")) return;
    let current = true;
    const show = (words: string) => current && setSaid({ subject, words });
    void import("./catalogue").then(
      async ({ faultWords }) => show(await faultWords(wanted, { code, reason, message })),
      () => {}, // English stays
    );
    return () => {
      current = false;
    };
  }, [subject, wanted, code, reason, message]);
  if (!fault) return undefined;
  return said.subject === subject ? said.words : message;
}
