"""The program as `make run` builds it, without the page: it measures, and says how to build what it does not hold."""
import os
import pathlib

from heretix import ProgramTest

WITHOUT_PAGE = pathlib.Path(os.environ["HERETIX_BUILD"]) / "bin/heretix_without_page"


class WithoutPageTest(ProgramTest):
    def test_it_measures_a_claim(self):
        self.assertIn("p = ", self.ok("run", "Bees dance", "--mock", "--model", "openai/gpt-5", program=WITHOUT_PAGE))

    def test_it_refuses_to_serve_a_page_that_it_does_not_hold(self):
        self.refused(3, "serve", "--port", "0", says=("built without the page", "make build"), program=WITHOUT_PAGE)
