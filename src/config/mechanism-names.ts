// The SASL mechanisms that there are, by the names that they are registered under, and what may tie one to TLS: for the
// configuration and for those who speak them.

/** Strongest first: in this order they are tried unless the configuration names another. */
export const MECHANISMS = [
  'SCRAM-SHA-512-PLUS',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'CRAM-MD5',
  'PLAIN',
  'EXTERNAL',
] as const;
export type MechanismName = (typeof MECHANISMS)[number];

/** Of IANA's registry "Channel-Binding Types" (RFC 5929, RFC 9266). */
export const BINDING_TYPES = ['tls-unique', 'tls-exporter', 'tls-server-end-point'] as const;
export type BindingType = (typeof BINDING_TYPES)[number];

/** Whether a mechanism ties its login to the TLS connection (RFC 5802 section 4). */
export function isBinding(mechanism: string): boolean {
  return mechanism.toUpperCase().endsWith('-PLUS');
}
