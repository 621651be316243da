"""Payment: webhooks in Stripe's present shapes, signed by Stripe's package, in every order; and what we ask of Stripe, at a
server that speaks its form."""
import http.server
import itertools
import json
import random
import threading
import time
import urllib.parse

import stripe_events as stripe
from cases import EachStore

SIGNING, OLD_SIGNING = "whsec_new", "whsec_old"
BEGUN = stripe.BEGUN


class Page(http.server.BaseHTTPRequestHandler):
    """Stands in for Stripe: keeps what it is asked, names a page, and gives the objects that a test has put there."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, dict(self.headers), dict(urllib.parse.parse_qsl(body))))
        self.tell(*(self.server.reply or (200, {"url": "https://pay.example.org" + self.path})))

    def do_GET(self):
        self.server.fetched.append((self.path, dict(self.headers)))
        found = self.server.objects.get(self.path)
        self.tell(*(self.server.reply or ((200, found) if found else (404, {"error": {"message": "No such object"}}))))

    def tell(self, status, told):
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class PaidService(EachStore):
    """A service that sells plans, beside a stand-in for Stripe."""
    serves = False

    def setUp(self):
        super().setUp()
        self.stripe = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.stripe.asked, self.stripe.fetched, self.stripe.objects, self.stripe.reply = [], [], {}, None
        threading.Thread(target=self.stripe.serve_forever, daemon=True).start()
        self.addCleanup(self.stripe.server_close)
        self.addCleanup(self.stripe.shutdown)
        self.serve("--no-worker", HERETIX_STRIPE_KEY="sk_test_1", HERETIX_STRIPE_WEBHOOK_SECRET=f"{OLD_SIGNING},{SIGNING}",
                   HERETIX_STRIPE_PRICES="starter=price_s, core=price_c,pro=price_p", HERETIX_STRIPE_URL=f"http://127.0.0.1:{self.stripe.server_port}")
        self.sender = self.client()

    def send(self, event, change=None, **signing):
        """An event as Stripe sends it; `change` makes another signature of the right one."""
        body, signature = stripe.signed(event, signing.get("secret", SIGNING), signing.get("at"))
        return self.post(body, change(signature) if change else signature)

    def post(self, body, signature):
        return self.sender.request("POST", "/api/billing/webhook", raw=body, headers={
            "Content-Type": "application/json", "Stripe-Signature": signature})

    def taken(self, *events):
        for event in events:
            told = self.send(event)
            self.assertEqual(told.status, 204, (event["id"], told.body, self.log()[-500:]))

    def subscription(self, event, kind, user, created, status="active", price="price_c", subscription="sub_1", begun=BEGUN):
        return stripe.snapshot(event, f"customer.subscription.{kind}", created, stripe.subscription(
            subscription, f"cus_{user}", [price], status, begun, created + 86400, user))

    def checkout(self, event, user, **whose):
        return stripe.snapshot(event, "checkout.session.completed", BEGUN, stripe.checkout(user, **(whose or {"customer": f"cus_{user}"})))

    def state(self, user):
        return self.rows("SELECT u.plan, b.plan, b.status FROM users u JOIN billing_accounts b ON b.user_id = u.id WHERE u.id = %s", user)

    def new_users(self, count):
        users = [f"00000000-0000-4000-8000-{i:012x}" for i in range(1, count + 1)]
        self.insert("users (id, email)", [(user, f"{user}@example.org") for user in users])
        return users


class Billing(PaidService):
    def five(self, user, tag):
        """Bought, paid, raised, late with paying, then another plan: the last decides."""
        return [self.checkout(f"evt_{tag}_1", user),
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
        for number, (user, order) in enumerate(zip(users, orders, strict=True)):
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
        body, right = stripe.signed(event, SIGNING)
        other_bytes = self.post(body + b" ", right)
        self.assertEqual((other_bytes.status, other_bytes.json()["detail"]), (400, "the signature is not valid"))
        for name, wrong in {"none": {"change": lambda s: ""}, "other secret": {"secret": "whsec_other"}, "old": {"at": now - 310},
                            "future": {"at": now + 310}, "huge time": {"at": 2**63 - 1}, "no time": {"change": lambda s: s.split(",")[1]},
                            "v0 only": {"change": lambda s: s.replace("v1=", "v0=")}, "cut": {"change": lambda s: s[:-1]}}.items():
            told = self.send(event, **wrong)
            why = "the header Stripe-Signature is missing" if name == "none" else "the signature is not valid"
            self.assertEqual((told.status, told.json()["detail"]), (400, why), name)
        self.assertEqual(self.rows("SELECT count(*) FROM webhook_events"), [(0,)])
        for number, right in enumerate([{"secret": OLD_SIGNING}, {"change": lambda s: s.replace("v1=", "v1=00,v1=")}, {"at": now - 280}, {"at": now + 280}]):
            self.assertEqual(self.send({**event, "id": f"evt_good_{number}"}, **right).status, 204)

    def test_what_is_no_event_and_whom_nobody_knows(self):
        user, = self.new_users(1)
        for body in ({}, {"id": "x"}, [], {"id": "e" * 256, "type": "x"}):
            text = json.dumps(body)
            signature = stripe.stripe.WebhookSignature.generate_signature_header(text, SIGNING)
            self.assertEqual(self.post(text.encode(), signature).status, 422, body)
        longest = "v2.core.account[configuration.recipient].capability_status_updated"
        for event in (stripe.snapshot("evt_1", "invoice.paid", BEGUN, {"object": "invoice", "customer": "cus_1"}),
                      stripe.thin("evt_5", longest, BEGUN, "acct_1", "v2.core.account"), self.subscription("evt_2", "created", "nobody", BEGUN),
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
        self.serve_anew("--no-worker")
        client = self.signed_in()
        self.assertFalse(client.get("/api/billing").json()["is_set_up"])
        self.assertEqual(client.post("/api/billing/checkout", {"plan": "core"}).status, 409)
        self.sender = self.client()
        self.assertEqual(self.send(self.checkout("evt_1", "nobody")).status, 409)


class StripesPresentEvents(PaidService):
    """What accounts at Stripe send since 2025: several items, thin events, accounts in place of customers."""

    def thin(self, event, kind, created, **more):
        return stripe.thin(event, f"v1.customer.subscription.{kind}", created, "sub_1", **more)

    def test_the_plan_may_be_any_item_of_a_subscription(self):
        users = self.new_users(3)
        for user, prices in zip(users, (["price_other", "price_c"], ["price_s", "price_p", "price_other"], ["price_other"]), strict=True):
            event = stripe.snapshot(f"evt_{user}", "customer.subscription.updated", BEGUN,
                                    stripe.subscription(f"sub_{user}", f"cus_{user}", prices, user=user))
            told = self.send(event).status
            if prices == ["price_other"]:
                self.assertEqual((told, "none of the prices belongs to a plan: price_other" in self.log()), (503, True))
            else:
                self.assertEqual(told, 204)
        self.assertEqual([self.state(user) for user in users], [[("core", "core", "active")], [("pro", "pro", "active")], []])

    def test_thin_events_are_fetched_and_applied(self):
        user, = self.new_users(1)
        where = "/v1/subscriptions/sub_1"
        self.stripe.objects = {
            where: stripe.subscription("sub_1", "cus_1", ["price_c"], user=user),
            "/v1/checkout/sessions/cs_1": stripe.checkout(user, "cus_1")}
        done = stripe.thin("evt_0", "v1.checkout.session.completed", BEGUN, "cs_1", "checkout.session")
        updated = self.thin("evt_1", "updated", BEGUN + 10.25, context="acct_9")
        self.taken(done, updated, updated)
        self.assertEqual(self.state(user), [("core", "core", "active")])
        self.assertEqual([path for path, _ in self.stripe.fetched], ["/v1/checkout/sessions/cs_1", where])  # a repeat asks nothing
        headers = self.stripe.fetched[1][1]
        self.assertEqual({name: headers.get(name) for name in ("Authorization", "Stripe-Version", "Stripe-Context", "Stripe-Request-Trigger")},
                         {"Authorization": "Bearer sk_test_1", "Stripe-Version": stripe.VERSION, "Stripe-Context": "acct_9",
                          "Stripe-Request-Trigger": "event=evt_1"})

        self.stripe.objects[where] = stripe.subscription("sub_1", "cus_1", ["price_c"], "canceled", user=user)
        self.taken(self.thin("evt_z", "deleted", BEGUN + 10.75))
        self.assertEqual(self.state(user), [("trial", "", "canceled")])
        self.taken(self.thin("evt_0_late", "updated", BEGUN + 10.5))  # within the second, but before the end
        self.assertEqual(self.state(user), [("trial", "", "canceled")])

    def test_a_thin_event_waits_while_its_object_cannot_be_fetched(self):
        user, = self.new_users(1)
        where = "/v1/subscriptions/sub_1"
        updated = self.thin("evt_1", "updated", BEGUN)
        self.assertEqual(self.send(updated).status, 503)  # not there for this key
        self.assertIn("does not know /v1/subscriptions/sub_1 of evt_1: HERETIX_STRIPE_KEY belongs to another account or mode", self.log())
        self.stripe.reply = (503, {})
        self.assertEqual(self.send(updated).status, 503)
        self.assertEqual(self.rows("SELECT count(*) FROM webhook_events"), [(0,)])
        self.stripe.reply, self.stripe.objects = None, {where: stripe.subscription("sub_1", "cus_1", ["price_c"], user=user)}
        self.taken(updated)
        self.assertEqual(self.state(user), [("core", "core", "active")])
        self.stripe.objects = {}  # Stripe has forgotten it: the end is believed without its object
        self.taken(self.thin("evt_2", "deleted", BEGUN + 5))
        self.assertEqual(self.state(user), [("trial", "", "canceled")])
        asked = len(self.stripe.fetched)
        self.taken(stripe.thin("evt_3", "v1.customer.updated", BEGUN, "cus_1", "customer"), self.thin("evt_4", "updated", BEGUN) | {
            "related_object": {"id": "../../v1/payouts", "type": "subscription", "url": "/v1/payouts"}})
        self.assertEqual(len(self.stripe.fetched), asked)  # neither another kind nor a path of the event's own is asked for

    def test_a_subscription_without_metadata_is_matched_by_its_customer_in_every_order(self):
        for number, (user, order) in enumerate(zip(self.new_users(6), itertools.permutations(range(3)), strict=True)):
            def event(name, kind, created, status):
                return stripe.snapshot(f"evt_{number}_{name}", f"customer.subscription.{kind}", created,
                                       stripe.subscription(f"sub_{number}", f"cus_{user}", ["price_c"], status))
            events = [self.checkout(f"evt_{number}_done", user), event("new", "created", BEGUN, "active"), event("end", "deleted", BEGUN + 9, "canceled")]
            for i in order:
                self.assertEqual(self.send(events[i]).status, 204)
            self.assertEqual(self.state(user), [("trial", "", "canceled")], order)
            kept = self.rows(f"SELECT payload, customer_hash FROM webhook_events WHERE id LIKE 'evt_{number}_%%'")
            self.assertEqual(kept, [("{}", None)] * 3, order)

    def test_what_waits_for_its_customer_names_nobody(self):
        self.taken(stripe.snapshot("evt_1", "customer.subscription.deleted", BEGUN, stripe.subscription("sub_77", "cus_77", ["price_c"], "canceled")))
        kept = self.rows("SELECT * FROM webhook_events")
        self.assertEqual(len(kept), 1)
        self.assertNotRegex(str(kept), "cus_77|sub_77")

    def test_an_account_in_place_of_a_customer(self):
        client = self.signed_in()
        me = client.get("/api/me").json()["id"]
        self.taken(self.checkout("evt_1", me, customer_account="acct_7"),
                   stripe.snapshot("evt_2", "customer.subscription.updated", BEGUN + 1,
                                   stripe.subscription("sub_1", None, ["price_c"], customer_account="acct_7")))
        self.assertEqual(self.state(me), [("core", "core", "active")])
        self.assertEqual(client.post("/api/billing/portal").status, 200)
        self.assertEqual({k: v for k, v in self.stripe.asked[0][2].items() if k != "return_url"}, {"customer_account": "acct_7"})
        # The customer is told beside the account from then on, and later alone.
        self.taken(stripe.snapshot("evt_3", "customer.subscription.updated", BEGUN + 2,
                                   stripe.subscription("sub_1", "cus_7", ["price_p"], customer_account="acct_7")),
                   stripe.snapshot("evt_4", "customer.subscription.deleted", BEGUN + 3, stripe.subscription("sub_1", "cus_7", ["price_p"], "canceled")))
        self.assertEqual(self.state(me), [("trial", "", "canceled")])
        self.assertEqual(client.post("/api/billing/portal").status, 200)
        self.assertEqual(self.stripe.asked[1][2]["customer"], "cus_7")

    def test_of_a_closed_account_events_keep_nothing(self):
        client = self.signed_in()
        me = client.get("/api/me").json()["id"]
        self.taken(self.checkout("evt_1", me), self.subscription("evt_2", "created", me, BEGUN),
                   self.subscription("evt_3", "deleted", me, BEGUN + 1, "canceled"))
        self.assertEqual(client.delete("/api/me", {"email": "ada@example.org"}).status, 204)
        self.taken(self.subscription("evt_4", "updated", me, BEGUN + 2),
                   stripe.snapshot("evt_5", "customer.subscription.deleted", BEGUN + 3, stripe.subscription("sub_1", f"cus_{me}", status="canceled")))
        kept = self.rows("SELECT * FROM webhook_events ORDER BY id")
        self.assertEqual([row[0] for row in kept], [f"evt_{i}" for i in range(1, 6)])
        self.assertNotRegex(str(kept), f"{me}|sub_1")
