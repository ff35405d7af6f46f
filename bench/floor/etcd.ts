/**
 * The floor of the etcd store: the smallest executable that makes two requests, a read of one key and a transaction
 * that writes one, and exits. `BENCH_ETCD` is the server's URL, `BENCH_CA` the PEM file of its authority, if any.
 */
const { BENCH_ETCD: url = "", BENCH_CA: caFile, CNI_CONTAINERID: id = "" } = process.env;
const tls = caFile === undefined ? {} : { tls: { ca: await Bun.file(caFile).text() } };
const key = btoa(`/floor/${id}`);

async function request(path: string, body: object): Promise<void> {
  const response = await fetch(url + path, { method: "POST", body: JSON.stringify(body), ...tls });
  if (!response.ok) throw new Error(await response.text());
  await response.json();
}

await request("/v3/kv/range", { key });
await request("/v3/kv/txn", { success: [{ request_put: { key, value: btoa(id) } }] });
process.exit(0);
