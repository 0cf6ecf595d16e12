"""The CDK app: `cdk deploy -c stage=<name>` puts Hearback into an AWS account."""

import os
import sys
from pathlib import Path

import aws_cdk as cdk

from infra.bundle import BundleError, build
from infra.settings import Settings, SettingsError
from infra.stack import HearbackStack

ROOT = Path(__file__).parent


def main() -> None:
    """Synthesize the stage that the context names."""
    # Bundles stand in .build under the hash of their sources: the CDK need not copy and hash them again.
    app = cdk.App(context={"aws:cdk:disable-asset-staging": True}, tree_metadata=False)
    try:
        settings = Settings.read(app.node.try_get_context("stage"), os.environ)
        bundle = build(ROOT, settings.platform)
    except (SettingsError, BundleError) as error:
        sys.exit(f"hearback: {error}")
    HearbackStack(app, settings=settings, bundle=bundle)
    app.synth()


if __name__ == "__main__":
    main()
