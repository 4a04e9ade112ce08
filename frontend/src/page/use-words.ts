/** The page's words in the language of the person. */
import { useCatalogue } from "../react";
import { PAGE_WORDS, type PageWords } from "./catalogue";

export const useWords = (): PageWords => useCatalogue(PAGE_WORDS);
