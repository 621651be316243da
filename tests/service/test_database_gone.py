"""A database that goes away under a service that runs."""
import unittest

from cases import ServiceTest


class DatabaseGone(ServiceTest):
    store = "postgres"

    def test_a_dropped_database_is_an_outage_that_tells_no_address(self):
        client = self.signed_in()
        self.assertEqual(client.get("/api/me").status, 200)  # a connection that stands, and is lent again

        self.admin(f'DROP DATABASE "{self.name}" WITH (FORCE)')
        for _ in range(3):
            told = client.get("/api/me")
            self.assertEqual(told.status, 503, told.body)
            self.assertEqual(told.json()["detail"], "the service cannot do this now")
            self.assertNotIn(self.name, told.body.decode())
        self.wait_for(lambda: self.name in self.log(), 10)  # where its operator reads it


if __name__ == "__main__":
    unittest.main()
