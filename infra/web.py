"""The two HTTP APIs: `api` for workflows, `surveys` for whoever holds a link."""

import json

from aws_cdk import Tags
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from constructs import Construct

from infra.accepted import accept
from infra.functions import Function, log_group
from infra.settings import Settings

API_RATE = 100
# Mail gateways open every link of every mail.
GETS_PER_MAIL = 15
# No path, no query, no address: a path holds a link, or a person's mail address.
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "method": "$context.httpMethod",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "error": "$context.integrationErrorMessage",
}
# Why neither API has an authorizer of the gateway's.
KEY_IS_CHECKED = "the function checks the API key itself: the gateway's refusal is a 403 where clients expect a 401"
LINK_IS_CHECKED = "whoever holds a signed link may follow it; the function checks the signature"
PAGE_ROUTES = ("/r/{token}", "/u/{token}", "/j/{token}", "/join/{project}")
DESK_ROUTES = ("/c/{token}", "/m/{token}")


class Web(Construct):
    """Both APIs are open to everybody: `api` checks its keys itself; on `surveys` the link is the permission."""

    def __init__(
        self, scope: Construct, name: str, *, settings: Settings, api: Function, page: Function, desk: Function
    ) -> None:
        super().__init__(scope, name)
        self._settings = settings
        self.api = self._http_api("Api", rate=API_RATE, pinned=settings.local.api_id if settings.local else None)
        self._route(self.api, None, api)
        self.surveys = self._http_api(
            "Surveys",
            rate=settings.send_rate * GETS_PER_MAIL,
            pinned=settings.local.surveys_id if settings.local else None,
        )
        for path in PAGE_ROUTES:
            self._route(self.surveys, path, page)
        for path in DESK_ROUTES:
            self._route(self.surveys, path, desk)
        self._route(self.surveys, None, page)
        self.api_url = settings.api_url or self.api.api_endpoint
        self.surveys_url = settings.surveys_url or self.surveys.api_endpoint

    def _http_api(self, name: str, *, rate: int, pinned: str | None) -> gateway.HttpApi:
        api = gateway.HttpApi(
            self, name, api_name=f"hearback-{self._settings.stage}-{name.lower()}", create_default_stage=False
        )
        if pinned:
            Tags.of(api).add("ms-custom-id", pinned, include_resource_types=["AWS::ApiGatewayV2::Api"])
        access = log_group(api, "Access", f"{name.lower()}-access", settings=self._settings)
        gateway.CfnStage(
            api,
            "DefaultStage",
            api_id=api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=gateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=rate, throttling_burst_limit=2 * rate
            ),
            access_log_settings=gateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=access.log_group_arn, format=json.dumps(ACCESS_LOG)
            ),
        )
        return api

    def _route(self, api: gateway.HttpApi, path: str | None, function: Function) -> None:
        key = gateway.HttpRouteKey.with_(path, gateway.HttpMethod.ANY) if path else gateway.HttpRouteKey.DEFAULT
        name = path.strip("/").split("/")[0].upper() if path else "Default"
        route = gateway.HttpRoute(
            api,
            f"Route{name}",
            http_api=api,
            route_key=key,
            integration=integrations.HttpLambdaIntegration(f"To{function.name.title()}", function.function),
        )
        accept(route, "APIG4", KEY_IS_CHECKED if api is self.api else LINK_IS_CHECKED)
