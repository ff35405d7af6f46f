import { storeContract } from "./contract.ts";
import { openMemory } from "./open-stores.ts";

storeContract("memory store", openMemory);
