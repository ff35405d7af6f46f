import { storeContract } from "./contract.ts";
import { openSqlite } from "./open-stores.ts";

storeContract("SQLite store", openSqlite);
