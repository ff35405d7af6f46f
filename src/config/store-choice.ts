/** Which store a configuration chooses (design section 5). */
import type { StoreChoice } from "./configuration.ts";
import type { Fields } from "./fields.ts";
import { isEmpty, readText } from "./fields.ts";
import type { FlatFile } from "./flat-file.ts";
import type { Field, Report } from "./report.ts";
import { addFault } from "./report.ts";

/** What the choice hangs on. */
export interface StoreSetting {
  readonly fields: Fields;
  /** Whatever chooses the store `kubernetes` by being there. */
  readonly kubernetes: Field | undefined;
  readonly flatFile: FlatFile;
  /** Whether the runtime said that it is a Kubernetes node's. */
  readonly inCluster: boolean;
  readonly defaultDataDir: string;
}

const localHint =
  'which this version does not have: it stores in SQLite on one host only, as `"datastore": "local"` says';

/** The chosen store; undefined, with a fault, where the choice is wrong or left to chance. */
export function chooseStore(setting: StoreSetting, report: Report): StoreChoice | undefined {
  const { fields, kubernetes, flatFile, inCluster } = setting;
  const dataDir = readDataDir(setting, report);
  const datastore = fields.get("datastore");
  if (datastore !== undefined && !isEmpty(datastore.value)) {
    if (datastore.value === "local") return localStore(dataDir);
    const other = datastore.value === "etcd" || datastore.value === "kubernetes";
    const expected = other
      ? `chooses a store ${localHint}`
      : 'is not "local", "etcd" or "kubernetes"';
    addFault(report, datastore, expected, "store");
    return undefined;
  }
  // What could not be read may have chosen.
  if (flatFile.failed) return undefined;
  const etcd = fields.get("etcd_host");
  if (etcd !== undefined && !isEmpty(etcd.value)) {
    addFault(report, etcd, `chooses the store etcd, ${localHint}`, "store");
    return undefined;
  }
  if (kubernetes !== undefined) {
    addFault(report, kubernetes, `chooses the store kubernetes, ${localHint}`, "store");
    return undefined;
  }
  if (inCluster) {
    const field = { path: "ipam.datastore", key: "datastore", value: undefined };
    addFault(report, field, explainMissing(flatFile), "store");
    return undefined;
  }
  return localStore(dataDir);
}

function localStore(dataDir: string | undefined): StoreChoice | undefined {
  return dataDir === undefined ? undefined : { kind: "local", dataDir };
}

function explainMissing({ path, lookedFor }: FlatFile): string {
  const file =
    path === undefined
      ? `no flat file was found (looked for ${lookedFor.join(", ")})`
      : `the flat file ${path} chooses none either`;
  return (
    `is missing: in a Kubernetes cluster no store is chosen by default, and ${file}; ` +
    '`"datastore": "local"` stores on this one host'
  );
}

/** The folder of the database; undefined with a fault. */
function readDataDir({ fields, defaultDataDir }: StoreSetting, report: Report): string | undefined {
  const field = fields.get("data_dir");
  if (field === undefined || field.value === "") return defaultDataDir;
  const text = readText(fields, "data_dir", report, "store");
  if (text === undefined || (text.startsWith("/") && !text.includes("\0"))) return text;
  addFault(report, field, "is not an absolute path", "store");
  return undefined;
}
