"""heretix serve on PostgreSQL 16, 17 and 18: somebody asks, the worker answers, what is asked again costs nothing."""
import importlib.util
import unittest

from databases import DatabasesTest
from heretix import SOURCE

described = importlib.util.spec_from_file_location("service_cases", SOURCE / "tests/service/cases.py")  # "cases" is the one of tests/postgres
service = importlib.util.module_from_spec(described)
described.loader.exec_module(service)


class Served(DatabasesTest, service.ServiceTest):
    """A database of tests/postgres with a service of tests/service on it."""
    store, serves = "postgres", False
    new_database, admin = DatabasesTest.new_database, DatabasesTest.admin

    def setUp(self):
        self.name = None
        service.ServiceTest.setUp(self)

    def test_a_check_is_asked_answered_and_verified(self):
        for version in ("16", "17", "18"):
            with self.subTest(version):
                self.at(version)
                self.db_ok("upgrade")
                self.serve()
                ada = self.signed_in()
                first = self.finished(ada, self.check(ada, "Snow is white")["id"])
                self.assertEqual((first["state"], first["error"]), ("done", None))
                again = self.finished(ada, self.check(ada, "Snow is white")["id"])
                self.assertEqual(again["result"], first["result"])
                for run in (first["run_id"], again["run_id"]):
                    self.assertTrue(self.json("verify", run, "--database", self.address)["passed"])
                self.assertEqual(self.rows("SELECT count(*) FROM checks WHERE was_cached"), [(1,)])
                self.stop(self.process)
                self.assertEqual(self.process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
