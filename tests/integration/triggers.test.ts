import { describe } from 'vitest';
import { corpusTests } from '../helpers/object-corpus.ts';

describe('triggers of the corpus', () => corpusTests('triggers'));
