import { describeCyrusOf } from '../../matrix/suites.js';

describeCyrusOf('bookworm');
