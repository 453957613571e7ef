// The registry: every component, nothing else.
import type { Component } from './component.ts';

export const components: readonly Component[] = [];
