"""Payment: webhooks by our own signer in every order, and what we ask of Stripe, at a server that speaks its form."""
import hashlib
import hmac
import http.server
import itertools
import json
import random
import threading
import time
import urllib.parse

from cases import EachStore

SIGNING, OLD_SIGNING = "whsec_new", "whsec_old"
BEGUN = 1_700_000_000


class Page(http.server.BaseHTTPRequestHandler):
    """Stands in for Stripe: keeps what it is asked and names a page."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, dict(self.headers), dict(urllib.parse.parse_qsl(body))))
        status, told = self.server.reply or (200, {"url": "https://pay.example.org" + self.path})
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Billing(EachStore):
    serves = False

    def setUp(self):
        super().setUp()
        self.stripe = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.stripe.asked, self.stripe.reply = [], None
        threading.Thread(target=self.stripe.serve_forever, daemon=True).start()
        self.addCleanup(self.stripe.server_close)
        self.addCleanup(self.stripe.shutdown)
        self.serve("--no-worker", HERETIX_STRIPE_KEY="sk_test_1", HERETIX_STRIPE_WEBHOOK_SECRET=f"{OLD_SIGNING},{SIGNING}",
                   HERETIX_STRIPE_PRICES="starter=price_s, core=price_c,pro=price_p", HERETIX_STRIPE_URL=f"http://127.0.0.1:{self.stripe.server_port}")
        self.sender = self.client()

    def signature(self, body, secret=SIGNING, at=None, extra=""):
        at = int(time.time()) if at is None else at
        return f"t={at},{extra}v1={hmac.new(secret.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"

    def send(self, event, signature=None):
        body = json.dumps(event).encode()
        return self.sender.request("POST", "/api/billing/webhook", raw=body, headers={
            "Content-Type": "application/json", "Stripe-Signature": self.signature(body) if signature is None else signature(body)})

    def subscription(self, event, kind, user, created, status="active", price="price_c", subscription="sub_1", begun=BEGUN):
        return {"id": event, "type": f"customer.subscription.{kind}", "created": created, "data": {"object": {
            "id": subscription, "customer": f"cus_{user}", "status": status, "created": begun, "metadata": {"user_id": user},
            "items": {"data": [{"price": {"id": price}, "current_period_end": created + 86400}]}}}}

    def five(self, user, tag):
        """Bought, paid, raised, late with paying, then another plan: the last decides."""
        checkout = {"id": f"evt_{tag}_1", "type": "checkout.session.completed", "created": BEGUN,
                    "data": {"object": {"customer": f"cus_{user}", "client_reference_id": user}}}
        return [checkout,
                self.subscription(f"evt_{tag}_2", "created", user, BEGUN, "incomplete", "price_s"),
                self.subscription(f"evt_{tag}_3", "updated", user, BEGUN, "active", "price_s"),
                self.subscription(f"evt_{tag}_4", "updated", user, BEGUN + 50, "past_due", "price_s"),
                self.subscription(f"evt_{tag}_5", "updated", user, BEGUN + 90, "active", "price_c")]

    def state(self, user):
        return self.rows("SELECT u.plan, b.plan, b.status FROM users u JOIN billing_accounts b ON b.user_id = u.id WHERE u.id = %s", user)

    def new_users(self, count):
        users = [f"00000000-0000-4000-8000-{i:012x}" for i in range(1, count + 1)]
        self.insert("users (id, email)", [(user, f"{user}@example.org") for user in users])
        return users

    def test_every_order_of_five_events_once_to_thrice_ends_alike(self):
        choose = random.Random(20261124)
        orders = list(itertools.permutations(range(5)))
        users = self.new_users(len(orders))
        for number, (user, order) in enumerate(zip(users, orders)):
            events = self.five(user, number)
            sent = [events[i] for i in order]
            for event in list(sent):  # repeats stand anywhere
                for _ in range(choose.randrange(3)):
                    sent.insert(choose.randrange(len(sent) + 1), event)
            for event in sent:
                self.assertEqual(self.send(event).status, 204)
            self.assertEqual(self.state(user), [("core", "core", "active")], order)
        self.assertEqual(self.rows("SELECT count(*) FROM webhook_events"), [(5 * len(orders),)])

    def test_the_end_and_another_subscription(self):
        first, second = self.new_users(2)
        end = self.subscription("evt_end", "deleted", first, BEGUN + 90, "canceled")
        for order in ([end, *self.five(first, "a")],):
            for event in order:
                self.assertEqual(self.send(event).status, 204)
        self.assertEqual(self.state(first), [("trial", "", "canceled")])  # within one second the end counts
        newer = self.subscription("evt_new", "created", second, BEGUN + 200, "active", "price_p", "sub_2", BEGUN + 200)
        late_end = self.subscription("evt_late", "deleted", second, BEGUN + 999, "canceled")
        for event in (newer, late_end, *self.five(second, "b")):
            self.assertEqual(self.send(event).status, 204)
        self.assertEqual(self.state(second), [("pro", "pro", "active")])  # an older one's end takes nothing

    def test_signatures(self):
        user, = self.new_users(1)
        event = self.five(user, "s")[2]
        now = int(time.time())
        for name, signature in {"none": lambda b: "", "other secret": lambda b: self.signature(b, "whsec_other"), "old": lambda b: self.signature(b, at=now - 310),
                                "future": lambda b: self.signature(b, at=now + 310), "no time": lambda b: self.signature(b).split(",")[1],
                                "other bytes": lambda b: self.signature(b + b" "), "huge time": lambda b: self.signature(b, at=2**63 - 1),
                                "v0 only": lambda b: self.signature(b).replace("v1=", "v0="), "cut": lambda b: self.signature(b)[:-1]}.items():
            told = self.send(event, signature)
            why = "the header Stripe-Signature is missing" if name == "none" else "the signature does not hold"
            self.assertEqual((told.status, told.json()["detail"]), (400, why), name)
        self.assertEqual(self.rows("SELECT count(*) FROM webhook_events"), [(0,)])
        for number, signature in enumerate([lambda b: self.signature(b, OLD_SIGNING), lambda b: self.signature(b, extra="v1=00,"),
                                            lambda b: self.signature(b, at=now - 280), lambda b: self.signature(b, at=now + 280)]):
            self.assertEqual(self.send({**event, "id": f"evt_good_{number}"}, signature).status, 204)

    def test_what_is_no_event_and_whom_nobody_knows(self):
        user, = self.new_users(1)
        for body in ({}, {"id": "x"}, [], {"id": "e" * 256, "type": "x"}):
            self.assertEqual(self.send(body).status, 422, body)
        for event in ({"id": "evt_1", "type": "invoice.paid"}, self.subscription("evt_2", "created", "nobody", BEGUN),
                      self.subscription("evt_3", "created", "00000000-0000-4000-8000-ffffffffffff", BEGUN)):
            self.assertEqual(self.send(event).status, 204)
        told = self.send(self.subscription("evt_4", "created", user, BEGUN, price="price_unknown"))
        self.assertEqual(told.status, 503)  # to be sent again: nothing of it is kept
        self.assertEqual(self.rows("SELECT count(*) FROM webhook_events WHERE id = 'evt_4'"), [(0,)])

    def test_stripes_pages(self):
        client = self.signed_in()
        me = client.get("/api/me").json()["id"]
        self.assertEqual(client.post("/api/billing/portal").status, 409)
        self.assertEqual(client.post("/api/billing/checkout", {"plan": "trial"}).status, 422)
        self.assertEqual(client.post("/api/billing/checkout", {"plan": "core"}).json(), {"url": "https://pay.example.org/v1/checkout/sessions"})
        path, headers, fields = self.stripe.asked[0]
        self.assertEqual((path, headers["Authorization"], bool(headers["Idempotency-Key"])), ("/v1/checkout/sessions", "Bearer sk_test_1", True))
        self.assertEqual(fields, {"mode": "subscription", "line_items[0][price]": "price_c", "line_items[0][quantity]": "1", "client_reference_id": me,
                                  "customer_email": "ada@example.org", "subscription_data[metadata][user_id]": me,
                                  "success_url": f"http://127.0.0.1:{self.port}/billing", "cancel_url": f"http://127.0.0.1:{self.port}/billing"})
        for event in self.five(me, "p"):
            self.send(event)
        told = client.get("/api/billing").json()
        self.assertEqual((told["is_set_up"], told["plan"], told["subscription"]), (True, "core", "active"))
        self.assertEqual(client.get("/api/usage").json()["checks_allowed"], 100)
        self.assertEqual(client.post("/api/billing/checkout", {"plan": "pro"}).status, 409)
        self.assertEqual(client.delete("/api/me", {"email": "ada@example.org"}).status, 409)
        self.assertEqual(client.post("/api/billing/portal").status, 200)
        self.assertEqual(self.stripe.asked[1][2]["customer"], f"cus_{me}")
        for reply, status in (((402, {"error": {"message": "No such customer"}}), 500), ((503, {}), 503), ((200, {}), 500)):
            self.stripe.reply = reply
            self.assertEqual(client.post("/api/billing/portal").status, status)
        self.assertIn("No such customer", self.log())
        self.assertNotIn("sk_test_1", self.log())
        self.send(self.subscription("evt_over", "deleted", me, BEGUN + 500, "canceled"))
        self.assertEqual(client.delete("/api/me", {"email": "ada@example.org"}).status, 204)

    def test_without_keys_it_says_so(self):
        self.stop(self.process)
        self.serve("--no-worker")
        client = self.signed_in()
        self.assertFalse(client.get("/api/billing").json()["is_set_up"])
        self.assertEqual(client.post("/api/billing/checkout", {"plan": "core"}).status, 409)
        self.sender = self.client()
        self.assertEqual(self.send({"id": "evt_1", "type": "x"}).status, 409)
