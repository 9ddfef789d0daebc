// The SASL mechanisms that there are, by the names that they are registered under: for the configuration and for those
// who speak them.

/** Strongest first: in this order they are tried unless the configuration names another. */
export const MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5', 'PLAIN', 'EXTERNAL'] as const;
export type MechanismName = (typeof MECHANISMS)[number];
