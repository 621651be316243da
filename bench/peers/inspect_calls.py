"""Asks every prompt as a sample of one task of Inspect, which writes its log into the folder `logs`.

usage: inspect_calls.py PROMPTS.jsonl CONCURRENCY   LOOPBACK_BASE_URL and LOOPBACK_API_KEY name the server
       inspect_calls.py kept                        prints how many answers the log holds
"""
import json
import pathlib
import sys

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.solver import generate

MESSAGES = {"system": ChatMessageSystem, "user": ChatMessageUser}


def ask(prompts, concurrency):
    with open(prompts) as lines:
        asked = [json.loads(line)["messages"] for line in lines]
    samples = [Sample(input=[MESSAGES[message["role"]](content=message["content"]) for message in messages]) for messages in asked]
    [log] = eval(Task(dataset=MemoryDataset(samples), solver=generate()), model="openai-api/loopback/m", max_connections=concurrency, max_samples=concurrency,
                 log_dir="logs", display="none")
    return log.status


if sys.argv[1] == "kept":
    [path] = pathlib.Path("logs").glob("*.eval")
    print(sum(bool(sample.output.completion) for sample in read_eval_log(str(path)).samples))
else:
    sys.exit(ask(sys.argv[1], int(sys.argv[2])) != "success")
