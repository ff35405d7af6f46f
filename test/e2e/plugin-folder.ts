/** A folder of plugins (CNI_PATH) with ours beside real ones. */
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { requirement } from "../skip.ts";
import type { Laboratory } from "./laboratory.ts";

/** The executable under test. */
export const EXECUTABLE = resolve(import.meta.dir, "../../dist/whereabouts");

/** Debian's plugins: 1.1.1, up to CNI 1.0.0. */
export const DEBIAN_PLUGINS = "/usr/lib/cni";

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "whereabouts-test");

/** Plugins of CNI 1.1.0, that scripts/test-tools.sh builds. */
export const NEW_PLUGINS = join(cache, "plugins-v1.9.1");

/** cnitool with `gc` and `status`, that scripts/test-tools.sh builds. */
export const CNITOOL = join(cache, "cnitool-v1.3.1/cnitool");

/** That Debian's plugins are installed. */
export const debianPlugins = requirement("debian-packages", () =>
  existsSync(join(DEBIAN_PLUGINS, "macvlan"))
    ? undefined
    : `no ${DEBIAN_PLUGINS}/macvlan (package containernetworking-plugins)`,
);

/** That cnitool and the newer plugins are built. */
export const cnitool = requirement("cnitool", () =>
  existsSync(CNITOOL) && existsSync(join(NEW_PLUGINS, "macvlan"))
    ? undefined
    : `no ${CNITOOL}, or no plugins in ${NEW_PLUGINS} (scripts/test-tools.sh builds them with Go)`,
);

/**
 * A main plugin that hands everything to its IPAM plugin, GC and STATUS too, which no stock plugin does for GC.
 * With `"failing": true` its ADD fails after that of the IPAM plugin, and it cleans nothing up.
 */
const FORWARDER = `#!/bin/sh
config=$(cat)
type=$(printf '%s' "$config" | jq -r .ipam.type)
export IFS=:
for folder in $CNI_PATH; do
  [ -x "$folder/$type" ] || continue
  answer=$(printf '%s' "$config" | "$folder/$type") || { printf '%s' "$answer"; exit 1; }
  if [ "$CNI_COMMAND $(printf '%s' "$config" | jq .failing)" = "ADD true" ]; then
    echo '{"code": 999, "msg": "failed after IPAM"}'
    exit 1
  fi
  printf '%s' "$answer"
  exit 0
done
echo "{\\"code\\": 999, \\"msg\\": \\"no $type in CNI_PATH\\"}"
exit 1
`;

/** Makes the folder, with the plugins of another one, `whereabouts` and `fwd`. */
export function makePluginFolder(lab: Laboratory, source: string = DEBIAN_PLUGINS): string {
  if (!existsSync(EXECUTABLE)) throw new Error(`There is no ${EXECUTABLE}: make build`);
  const folder = lab.path("plugins");
  mkdirSync(folder);
  for (const name of readdirSync(source)) symlinkSync(join(source, name), join(folder, name));
  symlinkSync(EXECUTABLE, join(folder, "whereabouts"));
  writeFileSync(join(folder, "fwd"), FORWARDER, { mode: 0o755 });
  return folder;
}
