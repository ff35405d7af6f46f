/** Asking before something is done that a person may not want. */
import type { CliHost } from "./cli-host.ts";
import type { Given } from "./options.ts";
import { UsageError } from "./options.ts";

/**
 * Shows what would be done and whether to do it: no with `--dry-run`, yes with `--yes`, else the answer of a person.
 * Throws {@link UsageError} where there is nobody to ask.
 */
export function agree(
  host: CliHost,
  given: Given,
  plan: string,
  isJson: boolean,
  nothing = "Nothing was freed",
): boolean {
  const isDryRun = given.flag("dry-run");
  // With JSON, standard output carries the document alone.
  const tell = (text: string): void => (isJson ? host.writeError(text) : host.write(text));
  if (isDryRun || given.flag("yes")) {
    tell(`${plan}\n`);
    if (isDryRun) tell(`${nothing} (--dry-run).\n`);
    return !isDryRun;
  }
  tell(`${plan}\n`);
  const answer = host.confirm("Go on?");
  if (answer === undefined) {
    throw new UsageError(
      "there is no terminal to ask on: pass --yes to go on, or --dry-run to only look",
    );
  }
  if (!answer) tell(`${nothing}.\n`);
  return answer;
}
