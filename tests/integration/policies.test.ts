import { describe } from 'vitest';
import { corpusTests } from '../helpers/object-corpus.ts';

describe('policies of the corpus', () => corpusTests('policies'));
