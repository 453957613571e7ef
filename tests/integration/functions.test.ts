import { describe } from 'vitest';
import { corpusTests } from '../helpers/object-corpus.ts';

describe('functions of the corpus', () => corpusTests('functions'));
