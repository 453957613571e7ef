import { describe } from 'vitest';
import { corpusTests } from '../helpers/object-corpus.ts';

describe('views of the corpus', () => corpusTests('views'));
