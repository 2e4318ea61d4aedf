#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""bedrock.py - boto3 against the parts of Bedrock that go beyond a call of a model: guardrails,
asynchronous calls, jobs, answers from a collection as they are written.

BASE_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: a pair that may read the policy; OTHER_ID: one
with the same secret that may not; API_KEY: of the first.  Prints TAP.  boto3 checks the shapes."""
import json
import os
import sys
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

BASE = os.environ["BASE_URL"]
MODEL = "toy"
BODY = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 8,
        "messages": [{"role": "user", "content": "Hallo"}]}


def client(service, key_id=None):
    return boto3.client(service, endpoint_url=BASE, region_name="eu-central-1",
                        aws_access_key_id=key_id or os.environ["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
                        config=Config(retries={"total_max_attempts": 1}, read_timeout=20))


control, runtime, agent = client("bedrock"), client("bedrock-runtime"), client("bedrock-agent-runtime")
number, failed = 0, False


def case(fn):
    global number, failed
    number += 1
    sentence = fn.__name__.replace("_", " ")
    try:
        fn()
        print(f"ok {number} - {sentence}")
    except Exception as e:  # each is a result
        failed = True
        print(f"not ok {number} - {sentence}\n# {type(e).__name__}: {str(e)[:500]}")
    return fn


def refused(fn, *codes):
    try:
        fn()
    except ClientError as e:
        assert e.response["Error"]["Code"] in codes, e.response["Error"]
        return e.response["Error"]["Message"]
    raise AssertionError("was not refused")


def until_over(get, *states):
    for _ in range(200):
        seen = get()
        if seen["status"] in states:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"still {seen['status']}")


def read(uri):
    file = uri.removeprefix("s3://hoheit/")
    asked = urllib.request.Request(f"{BASE}/v1/files/{file}/content",
                                   headers={"Authorization": "Bearer " + os.environ["API_KEY"]})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return [json.loads(line) for line in answer.read().splitlines()]


def leave(text):
    form = ("--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--XX\r\n"
            "Content-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n"
            f"{text}\r\n--XX--\r\n")
    asked = urllib.request.Request(f"{BASE}/v1/files", data=form.encode(), headers={
        "Authorization": "Bearer " + os.environ["API_KEY"],
        "Content-Type": "multipart/form-data; boundary=XX"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return json.loads(answer.read())["id"]


@case
def guardrails_of_the_policy_are_listed():
    names = [g["name"] for g in control.list_guardrails()["guardrails"]]
    assert names[0] == "hoheit" and len(names) > 1, names


@case
def they_come_in_pages():
    pages = control.get_paginator("list_guardrails").paginate(PaginationConfig={"PageSize": 1})
    assert len([g for p in pages for g in p["guardrails"]]) == len(control.list_guardrails()["guardrails"])


@case
def one_is_shown_to_who_may_read_the_policy():
    g = control.get_guardrail(guardrailIdentifier="hoheit", guardrailVersion="DRAFT")
    assert g["status"] == "READY" and g["createdAt"] and g["blockedInputMessaging"]
    assert any(k.endswith("Policy") for k in g), list(g)


@case
def and_to_nobody_else():
    other = client("bedrock", os.environ["OTHER_ID"])
    assert other.list_guardrails()["guardrails"]
    refused(lambda: other.get_guardrail(guardrailIdentifier="hoheit"), "AccessDeniedException")


@case
def changing_one_is_for_two_people():
    said = refused(lambda: control.create_guardrail(name="x", blockedInputMessaging="a", blockedOutputsMessaging="b"), "AccessDeniedException")
    assert "hoheit policy propose" in said, said
    refused(lambda: control.delete_guardrail(guardrailIdentifier="hoheit"), "AccessDeniedException")
    refused(lambda: control.create_guardrail_version(guardrailIdentifier="hoheit"), "AccessDeniedException")
    refused(lambda: control.get_guardrail(guardrailIdentifier="nix"), "ResourceNotFoundException")


@case
def a_model_is_shown_as_it_is_listed():
    listed = [m for m in control.list_foundation_models()["modelSummaries"] if m["modelId"] == MODEL][0]
    assert control.get_foundation_model(modelIdentifier=MODEL)["modelDetails"] == listed


@case
def a_call_in_the_background_ends_in_a_file():
    arn = runtime.start_async_invoke(modelId=MODEL, modelInput=BODY, outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://hoheit/"}})["invocationArn"]
    seen = until_over(lambda: runtime.get_async_invoke(invocationArn=arn), "Completed", "Failed")
    assert seen["status"] == "Completed" and seen["endTime"] >= seen["submitTime"]
    said = read(seen["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])
    assert said[0]["response"]["body"]["type"] == "message", said
    assert arn in [a["invocationArn"] for a in runtime.list_async_invokes()["asyncInvokeSummaries"]]


@case
def a_bucket_is_refused():
    said = refused(lambda: runtime.start_async_invoke(modelId=MODEL, modelInput=BODY, outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://bucket/x"}}), "ValidationException")
    assert "no S3 here" in said, said


@case
def a_job_runs_the_lines_of_a_file():
    file = leave("\n".join(json.dumps({"recordId": f"RECORD{i}", "modelInput": BODY}) for i in range(3)))
    arn = control.create_model_invocation_job(
        jobName="nacht", roleArn="arn:aws:iam::123456789012:role/none", modelId=MODEL,
        inputDataConfig={"s3InputDataConfig": {"s3Uri": f"s3://hoheit/{file}"}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://hoheit/"}})["jobArn"]
    seen = until_over(lambda: control.get_model_invocation_job(jobIdentifier=arn), "Completed", "Failed")
    assert seen["status"] == "Completed" and seen["successRecordCount"] == 3, seen
    said = read(seen["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])
    assert sorted(line["custom_id"] for line in said) == ["RECORD0", "RECORD1", "RECORD2"]
    assert arn in [j["jobArn"] for j in control.list_model_invocation_jobs()["invocationJobSummaries"]]
    refused(lambda: control.stop_model_invocation_job(jobIdentifier=arn), "ConflictException")


@case
def an_answer_from_a_collection_is_streamed():
    answer = agent.retrieve_and_generate_stream(
        input={"text": "Wie hoch ist die Hundesteuer?"},
        retrieveAndGenerateConfiguration={"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": {
            "knowledgeBaseId": "wissen", "modelArn": "arn:aws:bedrock:eu-central-1::foundation-model/toy"}})
    assert answer["sessionId"]
    events = list(answer["stream"])
    assert "".join(e["output"]["text"] for e in events if "output" in e)
    assert all(set(e) <= {"output", "citation", "guardrail"} for e in events), events
    assert [e for e in events if "citation" in e]


print(f"1..{number}")
sys.exit(1 if failed else 0)
