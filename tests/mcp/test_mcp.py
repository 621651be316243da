"""`heretix mcp` as assistants use it: with the official client of the Model Context Protocol, and line by line where that client never errs."""
import json
import pathlib
import re
import signal
import sys
import time

import anyio
from jsonschema.validators import Draft202012Validator
from mcp.shared.exceptions import MCPError

from mcp_cases import CLAIM, HANDSHAKES, META, NEWEST, SOURCE, McpTest, text_of

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "provider"))
from cases import KEY, HostedTest

TOOLS = ["measure", "describe", "compare", "list", "show"]


class Measuring(McpTest):
    def test_a_measurement_of_the_embedded_model_is_the_one_that_the_commands_show(self):
        async def work(client):
            self.assertEqual(client.protocol_version, NEWEST)
            self.assertEqual([tool.name for tool in (await client.list_tools()).tools], TOOLS)
            return await client.call_tool("measure", {"claim": CLAIM})

        result = self.with_client(work)
        found = result.structured_content
        record = self.json("show", found["run_id"])
        self.assertFalse(result.is_error)
        self.assertEqual((found["p"], found["interval"]), (record["belief_v2"]["p"], record["belief_v2"]["ci"]))
        self.assertEqual((found["claim"], found["mock"], found["cost_usd"]), (CLAIM, False, 0))
        self.assertEqual([gate["name"] for gate in found["gates"]], ["compliance", "mass"])
        self.assertIn(f"p = {found['p']:.2f}   95 % interval", text_of(result))
        self.assertIn("SmolLM2-135M is a demonstration", text_of(result))

    def test_a_client_of_the_handshake_measures_too(self):
        result = self.measured("--model", self.script(), mode="legacy")
        self.assertTrue(result.structured_content["mock"])
        self.assertIn("95 % interval", text_of(result))

    def test_progress_grows_to_the_number_of_questions_and_comes_only_where_it_is_asked_for(self):
        model = self.script(delay_ms=60, concurrency=2)
        told = []

        async def work(client):
            async def on_progress(progress, total, message):
                told.append((progress, total, message))

            await client.call_tool("measure", {"claim": CLAIM, "templates": 16}, progress_callback=on_progress)

        self.with_client(work, "--model", model)
        steps = [progress for progress, _, _ in told]
        self.assertGreater(len(steps), 2)
        self.assertEqual(steps, sorted(set(steps)))
        self.assertEqual((steps[-1], told[-1][1]), (16, 16))
        self.assertRegex(told[-1][2], r"^16 of 16 answers, p 0\.\d\d so far \(0\.\d\d to 0\.\d\d\)$")

        server = self.raw("--model", model)
        server.answer_to(server.call("measure", claim=CLAIM, templates=16, fresh=True))
        self.assertEqual(server.others, [])

    def test_a_cancelled_measurement_is_not_answered_and_its_answers_are_not_asked_again(self):
        model = self.script(delay_ms=150, concurrency=1, ledger=str(self.folder / "ledger"))

        async def work(client):
            seen = anyio.Event()

            async def on_progress(*_):
                seen.set()

            async with anyio.create_task_group() as group:
                async def measure():
                    await client.call_tool("measure", {"claim": CLAIM, "templates": 16}, progress_callback=on_progress)

                group.start_soon(measure)
                await seen.wait()
                group.cancel_scope.cancel()
            # The server goes on, and says when the measurement has come to rest.
            while (run := (await client.call_tool("list", {})).structured_content["runs"][0])["status"] == "running":
                await anyio.sleep(0.05)
            return run["status"]

        self.assertEqual(self.with_client(work, "--model", model), "stopped")
        asked = len([line for line in (self.folder / "ledger").read_text().splitlines() if line.startswith("received")])
        self.assertLess(asked, 16)

        again = self.measured("--model", model, templates=16).structured_content
        self.assertEqual(again["answers"], {"asked": 16, "usable": 16, "from_store": asked})

    def test_a_cancelled_request_gets_no_answer_even_where_it_still_waited(self):
        server = self.raw("--model", self.script(delay_ms=200, concurrency=1))
        first = server.call("measure", {**META, "progressToken": "p"}, claim=CLAIM, templates=8)
        waiting = server.call("measure", claim="Bees sleep", templates=8)
        server.next()  # the first has begun
        for request in (waiting, first):
            server.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request}}))
        self.assertEqual(server.answer_to(server.call("list"))["result"]["isError"], False)
        self.assertEqual([message for message in server.closed() + server.others if "id" in message], [])
        self.assertEqual([run["claim"] for run in self.json("list", "--mock")], [CLAIM])

    def test_a_list_and_a_ping_do_not_wait_for_a_measurement(self):
        server = self.raw("--model", self.script(delay_ms=300, concurrency=1))
        server.ask("initialize", None, protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "t", "version": "1"})
        measuring = server.call("measure", claim=CLAIM, templates=8)
        self.assertEqual(server.answer_to(server.ask("ping", None))["result"], {})
        server.answer_to(server.call("list"))
        self.assertNotIn(measuring, [message.get("id") for message in server.others])
        self.assertFalse(server.answer_to(measuring)["result"]["isError"])

    def test_the_end_of_the_input_stops_a_measurement_and_keeps_every_answer(self):
        model = self.script(delay_ms=150, concurrency=1, ledger=str(self.folder / "ledger"))
        server = self.raw("--model", model)
        server.call("measure", {**META, "progressToken": "t"}, claim=CLAIM, templates=16)
        self.assertEqual(server.next()["method"], "notifications/progress")
        started = time.monotonic()
        messages = server.closed()
        self.assertLess(time.monotonic() - started, 5)
        self.assertTrue(messages[-1]["result"]["isError"])
        self.assertIn("stopped: ", messages[-1]["result"]["content"][0]["text"])

        acknowledged = (self.folder / "ledger").read_text().count("acknowledged")
        again = self.measured("--model", model, templates=16).structured_content
        self.assertEqual(again["answers"]["from_store"], acknowledged)

    def test_a_signal_ends_it_as_the_end_of_the_input_does(self):
        server = self.raw("--model", self.script(delay_ms=150, concurrency=1))
        server.call("measure", {**META, "progressToken": 7}, claim=CLAIM, templates=16)
        server.next()
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(30), 0)
        self.assertEqual(self.json("list", "--mock")[0]["status"], "stopped")


class Money(McpTest):
    def spent(self):
        return sum(row["billed_pico_usd"] or 0 for row in self.database().execute("SELECT billed_pico_usd FROM heretix_answers")) / 1e12

    def test_a_paid_model_is_not_asked_without_a_budget(self):
        model = self.script(price_micro_usd=100, ledger=str(self.folder / "ledger"))
        result = self.measured("--model", model)
        self.assertTrue(result.is_error)
        self.assertIn("is paid for, and the call gives no budget\ntry: call describe with the same arguments", text_of(result))
        self.assertFalse((self.folder / "ledger").exists() and (self.folder / "ledger").read_text())

    def test_what_describe_names_at_most_is_budget_enough(self):
        async def work(client):
            described = (await client.call_tool("describe", {"claim": CLAIM, "templates": 8})).structured_content
            return described, await client.call_tool("measure", {"claim": CLAIM, "templates": 8, "budget": described["most_cost_usd"]})

        described, result = self.with_client(work, "--model", self.script(price_micro_usd=100))
        self.assertEqual((described["questions"], described["needs_budget"], described["most_cost_usd"]), (8, True, 0.0008))
        self.assertEqual(result.structured_content["cost_usd"], 0.0008)

    def test_a_call_never_spends_more_than_its_budget(self):
        result = self.measured("--model", self.script(price_micro_usd=100), templates=16, budget=0.00055)
        self.assertTrue(result.is_error)
        self.assertIn("the budget of $0.000550 is reached", text_of(result))
        self.assertEqual(self.spent(), 0.0005)

    def test_all_calls_together_never_spend_more_than_the_server_may(self):
        async def work(client):
            return [await client.call_tool("measure", {"claim": claim, "templates": 8, "budget": 1}) for claim in (CLAIM, "Bees sleep")]

        first, second = self.with_client(work, "--model", self.script(price_micro_usd=100), "--budget", "0.0012")
        self.assertFalse(first.is_error, text_of(first))
        self.assertTrue(second.is_error)
        self.assertIn("the person who runs heretix mcp can start it with a higher --budget", text_of(second))
        self.assertEqual(self.spent(), 0.0012)

    def test_a_dollar_a_day_is_the_most_where_the_person_says_nothing(self):
        result = self.measured("--model", self.script(price_micro_usd=300_000), templates=8, budget=50)
        self.assertTrue(result.is_error)
        self.assertIn("the budget of $1.000000 a day is reached", text_of(result))
        self.assertEqual(self.spent(), 0.9)


class Hosted(HostedTest, McpTest):
    def test_a_hosted_model_is_asked_within_the_budget_and_its_key_is_never_shown(self):
        server = self.serve()
        told = []

        async def work(client):
            described = (await client.call_tool("describe", {"claim": CLAIM, "templates": 4})).structured_content
            told.append(await client.call_tool("measure", {"claim": CLAIM, "templates": 4}))
            self.assertEqual(len(server.ledger), 0)
            told.append(await client.call_tool("measure", {"claim": CLAIM, "templates": 4, "budget": described["most_cost_usd"]}))
            told.append(await client.call_tool("measure", {"claim": CLAIM, "templates": 4, "budget": 0}))  # what is stored costs nothing
            return [result.structured_content for result in told]

        refused, asked, again = self.with_client(work, "--model", "openai/m", "--prices", "prices.json", **self.environment(server.url))
        self.assertIsNone(refused)
        self.assertEqual(len(server.ledger), 4)
        self.assert_ledger(server)
        self.assertAlmostEqual(asked["cost_usd"], server.invoice_picos / 1e12, places=6)
        self.assertEqual((again["cost_usd"], again["answers"]["from_store"], again["p"]), (0, 4, asked["p"]))
        self.assertNotIn(KEY, (self.folder / "mcp.log").read_text() + "".join(result.model_dump_json() for result in told))

    def test_a_model_without_a_known_price_cannot_be_held_to_a_budget(self):
        server = self.serve()

        async def work(client):
            return text_of(await client.call_tool("measure", {"claim": CLAIM, "budget": 1}))

        self.assertIn("a budget cannot be kept for", self.with_client(work, "--model", "openai/unheard-of", **self.environment(server.url)))
        self.assertEqual(len(server.ledger), 0)


class Reading(McpTest):
    def test_what_the_tools_read_is_what_the_commands_print(self):
        model = self.script()
        a = self.json("run", CLAIM, "--model", model)["run_id"]
        b = self.json("run", "Bees sleep", "--model", model)["run_id"]

        async def work(client):
            return [await client.call_tool(tool, arguments) for tool, arguments in (
                ("list", {}), ("list", {"claim": "BEES", "most": 1}), ("show", {"run": "last"}), ("compare", {"a": a, "b": b}))]

        listed, filtered, shown, compared = self.with_client(work)
        self.assertEqual(listed.structured_content, {"runs": self.json("list", "--mock"), "found": 2})
        self.assertEqual([run["run_id"] for run in filtered.structured_content["runs"]], [b])
        self.assertEqual(shown.structured_content, self.json("show", b))
        self.assertEqual(text_of(shown), self.ok("show", b))
        self.assertEqual(compared.structured_content, self.json("compare", a, b))
        self.assertEqual(text_of(compared), self.ok("compare", a, b))

    def test_describe_says_what_the_command_says(self):
        async def work(client):
            return await client.call_tool("describe", {"claim": CLAIM})

        described = self.with_client(work, "--model", self.script()).structured_content
        printed = self.json("describe", CLAIM, "--model", self.script(), "--until-width", "0.2")
        self.assertEqual(described["questions"], len(printed["questions"]))
        self.assertEqual({k: v for k, v in described.items() if k in printed and k != "questions"}, {k: v for k, v in printed.items() if k != "questions"})
        self.assertEqual(described["needs_budget"], False)

    def test_an_error_of_ours_is_an_error_of_the_tool_with_its_hint(self):
        async def work(client):
            return await client.call_tool("show", {"run": "heretix-rpl-0000"})

        self.ok("run", CLAIM, "--model", self.script())
        result = self.with_client(work)
        self.assertTrue(result.is_error)
        self.assertRegex(text_of(result), r"(?s)heretix-rpl-0000.*\ntry: .*heretix list")

    def test_a_list_before_anything_was_measured_is_empty(self):
        async def work(client):
            return await client.call_tool("list", {})

        result = self.with_client(work)
        self.assertFalse(result.is_error)
        self.assertEqual((text_of(result), result.structured_content), ("nothing has been measured yet\n", {"runs": [], "found": 0}))

    def test_what_measure_cannot_do_says_why(self):
        async def work(client):
            return [text_of(await client.call_tool("measure", arguments)) for arguments in (
                {"claim": "Do tariffs cause inflation?"}, {"claim": CLAIM, "model": "openai"}, {"claim": CLAIM, "model": "hf:OWNER/REPO"},
                {"claim": CLAIM, "until_width": 0.1, "templates": 4})]

        question, unknown, hub, plans = self.with_client(work)
        self.assertIn("question", question)
        self.assertIn("there is no model 'openai'", unknown)
        self.assertIn("heretix models pull", hub)  # gigabytes are not fetched behind anybody's back
        self.assertIn("until_width asks 8 to 16 templates once each", plans)


class Protocol(McpTest):
    def test_the_definitions_of_the_tools_are_schemas_and_say_what_they_change(self):
        server = self.raw()
        result = server.answer_to(server.ask("tools/list"))["result"]
        self.assertEqual((result["resultType"], result["cacheScope"]), ("complete", "public"))
        self.assertEqual([tool["name"] for tool in result["tools"]], TOOLS)
        for tool in result["tools"]:
            for schema in (tool["inputSchema"], tool["outputSchema"]):
                Draft202012Validator.check_schema(schema)
                self.assertEqual(schema["type"], "object")
            self.assertEqual(tool["annotations"]["readOnlyHint"], tool["name"] != "measure")

    def test_every_earlier_revision_is_agreed_on_and_an_unknown_one_gets_the_newest_of_them(self):
        for offered, agreed in [*zip(HANDSHAKES, HANDSHAKES, strict=True), ("1999-01-01", "2025-11-25")]:
            with self.subTest(offered=offered):
                server = self.raw()
                found = server.answer_to(server.ask("initialize", None, protocolVersion=offered, capabilities={},
                                                    clientInfo={"name": "t", "version": "1"}))["result"]
                self.assertEqual((found["protocolVersion"], found["capabilities"], found["serverInfo"]["name"]), (agreed, {"tools": {}}, "heretix"))
                server.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
                listed = server.answer_to(server.ask("tools/list", None))["result"]
                self.assertEqual([tool["name"] for tool in listed["tools"]], TOOLS)
                self.assertNotIn("resultType", listed)

    def test_a_request_stands_for_itself_and_names_a_revision_that_we_speak(self):
        server = self.raw()
        discovered = server.answer_to(server.ask("server/discover"))["result"]
        self.assertEqual((discovered["supportedVersions"], discovered["resultType"]), ([NEWEST], "complete"))
        self.assertEqual(discovered["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "heretix")

        key, capabilities = list(META)
        refused = server.answer_to(server.ask("tools/list", {**META, key: "2099-01-01"}))["error"]
        self.assertEqual((refused["code"], refused["data"]["requested"]), (-32022, "2099-01-01"))
        self.assertEqual(refused["data"]["supported"], [NEWEST, *reversed(HANDSHAKES)])
        for meta in ({key: NEWEST}, {key: 7, capabilities: {}}, {}, None):
            with self.subTest(meta=meta):
                self.assertEqual(server.answer_to(server.ask("tools/list", meta))["error"]["code"], -32602)

    def test_several_messages_at_once_are_answered_one_by_one_where_the_revision_has_them(self):
        both = json.dumps([{"jsonrpc": "2.0", "id": name, "method": "ping"} for name in "ab"])
        server = self.raw()
        server.write(both)
        self.assertEqual(server.next()["error"]["code"], -32600)
        server.answer_to(server.ask("initialize", None, protocolVersion="2025-03-26", capabilities={}, clientInfo={"name": "t", "version": "1"}))
        server.write(both)
        self.assertEqual([(message["id"], message["result"]) for message in (server.next(), server.next())], [("a", {}), ("b", {})])

    def test_nonsense_gets_its_error_and_the_server_goes_on(self):
        server = self.raw()
        for line, code in (("{", -32700), ('{"a": 1, "a": 2}', -32700), ("\udcff".encode("utf-8", "surrogatepass").decode("latin-1"), -32700),
                           ("[" * 100 + "]" * 100, -32700), ("[]", -32600), ("7", -32600), ('{"jsonrpc": "1.0", "id": 1, "method": "x"}', -32600),
                           ('{"jsonrpc": "2.0", "id": 1.5, "method": "x"}', -32600), ('{"jsonrpc": "2.0", "id": null, "method": "x"}', -32600),
                           ('{"jsonrpc": "2.0", "id": 1, "method": "x", "params": [1]}', -32600), ("x" * 1_100_000, -32600)):
            with self.subTest(line=line[:40]):
                server.write(line)
                self.assertEqual(server.next()["error"]["code"], code)
        for method, params, code in (("resources/list", {}, -32601), ("tools/call", {"name": "destroy", "arguments": {}}, -32602),
                                     ("tools/call", {}, -32602), ("tools/call", {"name": "list", "arguments": [1]}, -32602),
                                     ("tools/list", {"cursor": "x"}, -32602)):
            with self.subTest(method=method, params=params):
                self.assertEqual(server.answer_to(server.ask(method, **params))["error"]["code"], code)
        server.write('{"jsonrpc": "2.0", "method": "notifications/unheard_of"}')
        server.write('{"jsonrpc": "2.0", "id": 9, "result": {}}')
        self.assertEqual(len(server.answer_to(server.ask("tools/list"))["result"]["tools"]), 5)
        self.assertEqual(server.closed(), [])

    def test_wrong_arguments_are_told_to_the_model_which_can_put_them_right(self):
        server = self.raw()
        for arguments, says in (({}, "the argument claim is missing"), ({"claim": 7}, "the argument claim is 7; it must be a string"),
                                ({"claim": CLAIM, "budget": -1}, "the argument budget is -1; it must be at least 0"),
                                ({"claim": CLAIM, "budget": "1"}, 'the argument budget is "1"; it must be a number'),
                                ({"claim": CLAIM, "templates": 2.5}, "the argument templates is 2.5; it must be an integer"),
                                ({"claim": CLAIM, "readout": "x"}, "must be one of verbalized, token, frequency, expected, decision"),
                                ({"claim": CLAIM, "modle": "local"}, "measure has no argument 'modle'\ntry: measure takes budget, claim, fresh, model"),
                                ({"claim": ""}, "it must not be empty")):
            with self.subTest(arguments=arguments):
                result = server.answer_to(server.call("measure", **arguments))["result"]
                self.assertTrue(result["isError"])
                self.assertIn(says, result["content"][0]["text"])

    def test_only_messages_stand_on_the_standard_output(self):
        self.ok("run", CLAIM, "--model", self.script())
        server = self.raw()
        server.answer_to(server.call("list"))  # of mock runs alone, which is noted for people
        self.assertEqual(server.closed(), [])
        self.assertIn("there are only mock runs so far", server.text_of_log())

    def test_a_subscription_is_acknowledged_and_ends_with_the_server(self):
        server = self.raw()
        listening = server.ask("subscriptions/listen", notifications={"toolsListChanged": True})
        acknowledged = server.next()
        self.assertEqual((acknowledged["method"], acknowledged["params"]["notifications"]), ("notifications/subscriptions/acknowledged", {}))
        self.assertEqual(acknowledged["params"]["_meta"], {"io.modelcontextprotocol/subscriptionId": listening})
        [ended] = server.closed()
        self.assertEqual((ended["id"], ended["result"]["resultType"]), (listening, "complete"))

    def test_an_official_client_hears_of_an_unknown_tool_as_an_error_of_the_protocol(self):
        async def work(client):
            with self.assertRaises(MCPError) as raised:
                await client.call_tool("destroy", {})
            return raised.exception

        error = self.with_client(work)
        self.assertEqual((error.error.code, error.error.message), (-32602, "Unknown tool: destroy"))

    def test_the_configuration_of_the_documentation_starts_a_server(self):
        page = (SOURCE / "docs/mcp.md").read_text()
        server = json.loads(re.search(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[1])["mcpServers"]["heretix"]
        arguments = [word.replace("/home/you/heretix", str(self.folder / "kept")) for word in server["args"]]
        self.assertEqual(arguments.pop(0), "mcp")
        self.assertIsNotNone(self.measured(*arguments).structured_content)
        self.assertTrue((self.folder / "kept/heretix.sqlite").is_file())

    def test_options_that_no_measurement_could_be_made_with_are_refused_at_once(self):
        self.refused(2, "mcp", "--budget", "-1", stdin="", says="budget is -1")
        self.refused(2, "mcp", "-K", "0", stdin="", says="K (slots) is 0")
        self.refused(2, "mcp", "--model", "local", "--model", "openai/m", stdin="", says="several models")
