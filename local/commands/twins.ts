// npm run twins -- clone | plan | verify: the command line.
import '../../cli/main.ts';
