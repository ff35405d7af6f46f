/**
 * The floor of the local store: the smallest executable that opens a database, commits one row durably and
 * exits. It is given the database that {@link BENCH_DATABASE} names, made beforehand with a table `held`.
 */
import { Database } from "bun:sqlite";

const database = new Database(process.env["BENCH_DATABASE"] ?? "", { readwrite: true });
// The pragmas of src/store/sqlite/; in storms SQLite's own handler waits.
database.run("PRAGMA busy_timeout = 10000");
database.run("PRAGMA journal_mode = WAL");
database.run("PRAGMA synchronous = FULL");
database.run("INSERT INTO held (owner) VALUES (?)", [process.env["CNI_CONTAINERID"] ?? ""]);
process.exit(0);
