(()=>{
{# A choice is kept once the page was seen for three seconds and somebody real has touched it. A second one waits until
   the first is a minute old, because several within a minute are what machines do; leaving the page ends the wait. #}
const main=document.querySelector("main"),clock=()=>performance.now(),form=()=>main.querySelector("form[data-choice]");
let shown=0,since=document.hidden?0:clock(),touched=false,kept="",keptAt=0,timer,sending=false;
const seen=()=>shown+(since?clock()-since:0),score=()=>form()?.elements.score.value||"";
const keep=()=>{
const now=score();
if(!touched||sending||!now||now===kept||seen()<3000||form().dataset.choice!=="open")return;
kept=now;keptAt=clock();
fetch(location.href,{method:"POST",body:new URLSearchParams({partial:"1",score:now}),keepalive:true}).then(a=>{if(!a.ok)kept=""},()=>{kept=""});
};
const later=()=>{clearTimeout(timer);timer=setTimeout(keep,Math.max(1500,3000-seen(),kept?keptAt+61000-clock():0))};
{# Not `input`: what a script clicks fires a trusted one. #}
for(const kind of["click","pointerdown","keydown"])addEventListener(kind,event=>{if(event.isTrusted){touched=true;later()}},true);
document.addEventListener("visibilitychange",()=>{
if(document.hidden){shown=seen();since=0;keep()}else{since=clock();if(touched)later()}
});
addEventListener("pagehide",keep);
main.addEventListener("submit",async event=>{
const sent=event.target;
if(!sent.dataset.choice)return;
event.preventDefault();
if(sending)return;
sending=true;clearTimeout(timer);
const trouble=sent.querySelector(".trouble"),button=sent.querySelector("[type=submit]");
trouble.textContent="";button.setAttribute("aria-busy","true");
try{
const body=new URLSearchParams(new FormData(sent)).toString();
const answer=await fetch(location.href,{method:"POST",body,headers:{"content-type":"application/x-www-form-urlencoded"},keepalive:body.length<6e4,signal:AbortSignal.timeout?.(2e4)});
const page=new DOMParser().parseFromString((await answer.text()).replace(/<style[^]*?<\/style>/,""),"text/html"),next=page.querySelector("main");
if(answer.status===429)trouble.textContent=[...next.querySelectorAll(":scope>p:not([class])")].map(p=>p.textContent).join(" ");
else if(!next||answer.status>=500)trouble.textContent=trouble.dataset.words;
else{
main.replaceChildren(...next.childNodes);
document.querySelector("footer").replaceWith(page.querySelector("footer"));
document.title=page.title;
if(answer.ok)history.replaceState(null,"",answer.url);
const first=main.querySelector("[role=alert]:not(:empty),h1");
first.tabIndex=-1;first.focus();scrollTo(0,0);
}
}catch{trouble.textContent=trouble.dataset.words}
button.removeAttribute("aria-busy");
sending=false;
});
})();
