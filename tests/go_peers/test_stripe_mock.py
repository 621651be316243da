"""Stripe's own mock knows every field of its API: what we send has the form that it asks for."""
from go_peers import start  # first: it says where the module below is

# isort: split
from cases import ServiceTest, free_port


class StripeMock(ServiceTest):
    serves = False

    def setUp(self):
        super().setUp()
        port = free_port()
        start(self, "stripe-mock", f"http://127.0.0.1:{port}/", "-http-port", str(port))
        self.stripe = f"http://127.0.0.1:{port}"

    def serve_with(self, key):
        return self.serve("--no-worker", HERETIX_STRIPE_KEY=key, HERETIX_STRIPE_WEBHOOK_SECRET="whsec_1", HERETIX_STRIPE_PRICES="core=price_c", HERETIX_STRIPE_URL=self.stripe)

    def test_checkout_and_portal_have_the_form_that_stripe_asks_for(self):
        self.serve_with("sk_test_123")
        client = self.signed_in()
        bought = client.post("/api/billing/checkout", {"plan": "core"})
        self.assertEqual(bought.status, 200, self.log()[-2000:])
        self.assertRegex(bought.json()["url"], "^https://")
        me = client.get("/api/me").json()["id"]
        self.rows("INSERT INTO billing_accounts (user_id, customer_id) VALUES (%s, 'cus_1')", me)
        portal = client.post("/api/billing/portal")
        self.assertEqual(portal.status, 200, self.log()[-2000:])
        self.assertRegex(portal.json()["url"], "^https://")

    def test_a_key_that_stripe_does_not_take(self):
        self.serve_with("not-a-key")
        client = self.signed_in()
        self.assertEqual(client.post("/api/billing/checkout", {"plan": "core"}).status, 500)
        self.assertIn("Please authenticate", self.log())
