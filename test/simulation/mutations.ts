/** Defects that the simulation must find: each is a change of the product's own sources. */

/** One text in one file of `src/` that is replaced by another. It must stand there exactly once. */
export interface Replacement {
  readonly file: string;
  readonly text: string;
  readonly by: string;
}

/** A defect. */
export interface Mutation {
  readonly name: string;
  readonly replacements: readonly Replacement[];
}

function mutation(name: string, file: string, text: string, by: string): Mutation {
  return { name, replacements: [{ file, text, by }] };
}

/** All of them. */
export const mutations: readonly Mutation[] = [
  mutation(
    "a DEL is not fenced by its moment",
    "ipam/release.ts",
    `if (!confirmedBefore(held, fence)) return "confirmed-later";`,
    "",
  ),
  mutation(
    "a DEL frees whatever incarnation holds",
    "ipam/release.ts",
    `if (held.containerId !== containerId) return "other-incarnation";`,
    "",
  ),
  mutation(
    "a rollback is not fenced by its attempt",
    "ipam/roll-back.ts",
    "if (held?.attempt !== attempt.attempt) return;",
    "if (held === undefined) return;",
  ),
  mutation(
    "a rollback frees what was only confirmed",
    "ipam/roll-back.ts",
    "return isTakeover ? { restSeconds: held.reuseDelaySeconds } : undefined;",
    "return { restSeconds: held.reuseDelaySeconds };",
  ),
  mutation(
    "no rollback where nobody reads the answer",
    "cni/add.ts",
    "if (allocation !== undefined && revocation !== undefined) {",
    "if (false) {",
  ),
  mutation(
    "no rollback where the outcome is unknown",
    "ipam/roll-back.ts",
    "if (revocation !== undefined) {",
    "if (false) {",
  ),
  mutation(
    "a stale ADD goes back behind a later one",
    "ipam/allocate.ts",
    "if (held !== undefined && isStale(held, request.received)) {",
    "if (false) {",
  ),
  mutation(
    "an attempt whose caller has gone allocates",
    "ipam/allocate.ts",
    "if (world.isCallerGone())",
    "if (false)",
  ),
  mutation(
    "a sandbox made anew gets another address",
    "ipam/allocate.ts",
    "planAddresses(request, held?.holdings ?? [])",
    "planAddresses(request, [])",
  ),
  mutation(
    "what fits another prefix is not kept",
    "core/plan.ts",
    "const isAtHome =",
    'if (!equalCidrs(holding.cidr, range.cidr)) return { kind: "lowest", range };\n    const isAtHome =',
  ),
  mutation(
    "what is held under the other setting of overlapping ranges is passed over",
    "core/domain.ts",
    "if (!equalAddresses(a.address, b.address)) return false;",
    "if (!equalAddresses(a.address, b.address) || a.overlapping !== b.overlapping) return false;",
  ),
  mutation(
    "full is said before the dead were looked for",
    "ipam/allocate.ts",
    "if (!(await reclaimer.free(isInRange))) throw fullError(result.usage);",
    "throw fullError(result.usage);",
  ),
  mutation(
    "one sighting is enough",
    "ipam/reclaim.ts",
    "await this.#world.sleep(SIGHTING_INTERVAL_MS);",
    "",
  ),
  mutation(
    "no second look before a reclaim",
    "ipam/reclaim.ts",
    "if (prove(world, allocation, superseder) !== suspect.proof) return false;",
    "",
  ),
  mutation(
    "what other nodes hold is looked for here",
    "ipam/reclaim.ts",
    "world.store.list({ node: world.node })",
    "world.store.list({})",
  ),
  mutation(
    "what could not be looked at counts as gone",
    "core/liveness.ts",
    `if (sight.netns === "missing") return "netns-missing";`,
    `if (sight.netns === "missing" || sight.netns === "unknown") return "netns-missing";`,
  ),
  mutation(
    "a GC frees where the network namespace stands",
    "ipam/collect.ts",
    `if (sightOf(world, allocation) === "same") continue;`,
    "",
  ),
  mutation(
    "a GC is not fenced by its moment",
    "ipam/collect.ts",
    "if (!confirmedBefore(allocation, request.fence)) continue;",
    "",
  ),
  mutation(
    "a release is not conditional on what was read",
    "store/memory/memory-store.ts",
    `if (current?.sequence !== expected) return "changed";`,
    `if (current === undefined) return "changed";`,
  ),
  mutation(
    "a claim is not conditional on what was read",
    "store/memory/memory-claim.ts",
    `if (current?.sequence !== claim.expected) return { kind: "changed" };`,
    "",
  ),
  {
    name: "what is free is checked outside of the transaction",
    replacements: [
      {
        file: "ipam/allocate.ts",
        text: "const wants = planned.map((address) => wantOf(address, request, lost));",
        by: `const wants = planned.map((address) => wantOf(address, request, lost));
    const { overlapping, owner } = request;
    for (const [index, { kind, range }] of planned.entries()) {
      if (kind !== "lowest") continue;
      const [usage] = await world.store.usage([{ network: owner.network, overlapping, range }]);
      if (usage.lowestFree === undefined) continue;
      const holding = { address: usage.lowestFree, cidr: range.cidr, overlapping };
      wants[index] = { kind: "exact", holding, range };
    }`,
      },
      {
        file: "store/memory/memory-claim.ts",
        text: ".filter((record) => conflicting(record.holding, holding))",
        by: ".filter(() => false)",
      },
    ],
  },
  mutation(
    "a hint is trusted for full",
    "store/memory/memory-claim.ts",
    "if (address === undefined)",
    `const hint = \`fullOf\${index}\`;
    if (address === undefined) Reflect.set(data, hint, true);
    if (address === undefined || Reflect.get(data, hint) === true)`,
  ),
  mutation(
    "part of what was asked for is enough",
    "store/memory/memory-claim.ts",
    "if (address === undefined)",
    `if (address === undefined && index > 0) continue;
    if (address === undefined)`,
  ),
  mutation(
    "overlapping ranges are apart from each other",
    "core/domain.ts",
    "return (a.overlapping && b.overlapping) || equalCidrs(a.cidr, b.cidr);",
    "return equalCidrs(a.cidr, b.cidr);",
  ),
  mutation(
    "released addresses do not rest",
    "ipam/release.ts",
    "const restSeconds = Math.max(request.reuseDelaySeconds, held.reuseDelaySeconds);",
    "const restSeconds = 0;",
  ),
  mutation(
    "what is rolled back does not rest",
    "ipam/roll-back.ts",
    "if (held === undefined) return { restSeconds: reuseDelaySeconds };",
    "if (held === undefined) return { restSeconds: 0 };",
  ),
  mutation(
    "the network address is given out",
    "core/range.ts",
    "return { first: cidr.first + 1n, last: cidr.family === 4 ? last - 1n : last };",
    "return { first: cidr.first, last: cidr.family === 4 ? last - 1n : last };",
  ),
  mutation(
    "moments of two boots are compared",
    "core/fence.ts",
    "if (moment.bootId === fence.received.bootId)",
    "if (true)",
  ),
  mutation(
    "what may not be committed is answered all the same",
    "ipam/roll-back.ts",
    "throw error;",
    `const holdings = claim.wants.flatMap((want) => (want.kind === "exact" ? [want.holding] : []));
    const { owner, confirmation } = claim;
    if (holdings.length < claim.wants.length) throw error;
    return { kind: "claimed", allocation: { ...confirmation, owner, holdings, sequence: 0 } };`,
  ),
];
