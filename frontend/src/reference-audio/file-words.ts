/** What a chosen file may be, and why one is refused. */
import { FILES } from "../generated/files";
import type { AudioLimits } from "../generated/protocol";
import type { FileFault } from "../take/file-refused";
import { megabytes, oneOf, spokenSeconds } from "../ui/format";
import type { PanelWords } from "./panels/catalogue";
import type { Problem } from "./problems";

export function fileProblem(t: PanelWords, fault: FileFault, limits: AudioLimits): Problem {
  const said = {
    kinds: titles(limits).join(", "),
    size: megabytes(t.locale, limits.max_bytes),
  };
  return { words: t(`file.${fault}`, said), waysOut: [] };
}

function titles(limits: AudioLimits): string[] {
  return FILES.formats.filter(({ mime }) => limits.types.includes(mime)).map(({ title }) => title);
}

/** What an upload may be, in words. */
export function acceptedInWords(t: PanelWords, limits: AudioLimits): string {
  return t("upload.accepted", {
    kinds: oneOf(t.locale, titles(limits)),
    size: megabytes(t.locale, limits.max_bytes),
    shortest: spokenSeconds(t.locale, limits.min_seconds),
    longest: spokenSeconds(t.locale, limits.max_seconds),
  });
}
