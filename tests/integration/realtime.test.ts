import { describe } from 'vitest';
import { corpusTests } from '../helpers/object-corpus.ts';

describe('realtime of the corpus', () => corpusTests('realtime'));
