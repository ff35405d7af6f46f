/** The versions of the CNI specification that whereabouts speaks. */

/** In ascending order. */
export const cniVersions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;

/** A version that whereabouts speaks. */
export type CniVersion = (typeof cniVersions)[number];

/** The newest version: what is answered where nobody asked for one. */
export const newestCniVersion: CniVersion = "1.1.0";

/** Whether a text is exactly one of {@link cniVersions}. */
export function isCniVersion(text: string): text is CniVersion {
  return cniVersions.some((version) => version === text);
}

/** Whether `version` is `least` or newer. */
export function isAtLeast(version: CniVersion, least: CniVersion): boolean {
  return cniVersions.indexOf(version) >= cniVersions.indexOf(least);
}
