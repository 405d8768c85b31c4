import sys

from tqc.main import main

sys.exit(main())
