// The two endpoints of a clone.

export type EndpointRole = 'source' | 'target';
