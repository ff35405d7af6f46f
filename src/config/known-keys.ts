/** Every key that a configuration may hold, and what is said of keys of other programs. */

/** The keys of the store etcd. Their values are text; that of `etcd_host` may be a list of texts. */
export const etcdKeys = [
  "etcd_host",
  "etcd_username",
  "etcd_password",
  "etcd_password_file",
  "etcd_ca_cert_file",
  "etcd_cert_file",
  "etcd_key_file",
  "etcd_prefix",
  "etcd_legacy",
] as const;

/** Keys of other programs whose values are text. */
export const textKeysWithoutEffect = ["reconciler_cron_expression"] as const;

/** Keys of other programs whose values are numbers. */
export const numberKeysWithoutEffect = [
  "leader_lease_duration",
  "leader_renew_deadline",
  "leader_retry_period",
  "sleep_for_race",
] as const;

/** The keys of the `ipam` object and of the flat file. */
export const ipamKeys: readonly string[] = [
  "type",
  "range",
  "range_start",
  "range_end",
  "exclude",
  "gateway",
  "ipRanges",
  "addresses",
  "routes",
  "dns",
  "network_name",
  "enable_overlapping_ranges",
  "log_file",
  "log_level",
  "configuration_path",
  "datastore",
  "data_dir",
  "reuse_delay",
  "strict",
  "add_timeout",
  "del_timeout",
  "status_timeout",
  "kubernetes",
  ...etcdKeys,
  ...textKeysWithoutEffect,
  "node_slice_size",
  ...numberKeysWithoutEffect,
];

/** The keys of an entry of `ipRanges`. */
export const rangeKeys: readonly string[] = [
  "range",
  "range_start",
  "range_end",
  "exclude",
  "gateway",
];

/** The keys of an entry of `addresses`. */
export const staticAddressKeys: readonly string[] = ["address", "gateway"];

/** The keys of an entry of `routes`. */
export const routeKeys: readonly string[] = [
  "dst",
  "gw",
  "mtu",
  "advmss",
  "priority",
  "table",
  "scope",
];

/** The keys of `dns`. */
export const dnsKeys: readonly string[] = ["nameservers", "domain", "search", "options"];

/** The keys of `kubernetes`. */
export const kubernetesKeys: readonly string[] = ["kubeconfig", "k8s_api_root"];

/** What a key of another IPAM plugin is called here; undefined for every other key. */
export function foreignKeyHint(key: string): string | undefined {
  switch (key.toLowerCase()) {
    case "ranges":
      return "is a key of host-local; whereabouts uses `range` or `ipRanges`";
    case "subnet":
      return "is a key of host-local; whereabouts uses `range`";
    default:
      return undefined;
  }
}
