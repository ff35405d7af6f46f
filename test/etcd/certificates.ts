/** Certificates for tests: real ones, of authorities that live as long as the test. */

/** A certificate and its key: paths of PEM files. */
export interface KeyPair {
  readonly certFile: string;
  readonly keyFile: string;
}
