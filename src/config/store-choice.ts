/** Which store a configuration chooses (design section 5). */
import type { StoreChoice } from "./configuration.ts";
import { checkEtcdTypes, givenEtcdKey, readEtcdChoice } from "./etcd-choice.ts";
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

const noKubernetes =
  'which this version does not have: it stores in etcd, as `"etcd_host": "HOST:PORT"` says, or in SQLite on one host only, as `"datastore": "local"` says';

/** The chosen store; undefined, with a fault, where the choice is wrong or left to chance. */
export function chooseStore(setting: StoreSetting, report: Report): StoreChoice | undefined {
  const { fields, flatFile } = setting;
  const dataDir = readDataDir(setting, report);
  const kind = chooseKind(setting, report);
  if (kind === "etcd") {
    // What is missing may stand in what could not be read.
    return flatFile.failed ? undefined : readEtcdChoice(fields, report);
  }
  checkEtcdTypes(fields, report);
  return kind === undefined || dataDir === undefined ? undefined : { kind, dataDir };
}

/** Undefined with a fault. */
function chooseKind(setting: StoreSetting, report: Report): StoreChoice["kind"] | undefined {
  const { fields, kubernetes, flatFile, inCluster } = setting;
  const datastore = fields.get("datastore");
  if (datastore !== undefined && !isEmpty(datastore.value)) {
    const { value } = datastore;
    if (value === "local" || value === "etcd") return value;
    const expected =
      value === "kubernetes"
        ? `chooses a store ${noKubernetes}`
        : 'is not "local", "etcd" or "kubernetes"';
    addFault(report, datastore, expected, "store");
    return undefined;
  }
  // What could not be read may have chosen.
  if (flatFile.failed) return undefined;
  const etcdKey = givenEtcdKey(fields);
  if (etcdKey === "etcd_host") return "etcd";
  if (kubernetes !== undefined) {
    addFault(report, kubernetes, `chooses the store kubernetes, ${noKubernetes}`, "store");
    return undefined;
  }
  if (etcdKey !== undefined) {
    const field = { path: "ipam.etcd_host", key: "etcd_host", value: undefined };
    const expected = `is missing: \`${etcdKey}\` is about etcd, so name its server; or \`"datastore": "local"\` stores on this one host`;
    addFault(report, field, expected, "store");
    return undefined;
  }
  if (!inCluster) return "local";
  const field = { path: "ipam.datastore", key: "datastore", value: undefined };
  addFault(report, field, explainMissing(flatFile), "store");
  return undefined;
}

function explainMissing({ path, lookedFor }: FlatFile): string {
  const file =
    path === undefined
      ? `no flat file was found (looked for ${lookedFor.join(", ")})`
      : `the flat file ${path} chooses none either`;
  return (
    `is missing: in a Kubernetes cluster no store is chosen by default, and ${file}; ` +
    '`"etcd_host": "HOST:PORT"` stores in etcd, `"datastore": "local"` on this one host'
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
