package reader

// english is the grammar of English. To teach the reader a wording, add it
// here and a mail that uses it to testdata.
var english = parseGrammar("en", `
## words

| set   | phrases |
|-------|---------|
| plain | the and is are i you to of my for with this that we have please not be on your was it at from |
| ask   | do does did should can could what how why when is are would will where who may am has have was which |
| stop  | to by before until because due since as so but if when after effective please unless though although while that which who immediately asap today now thanks thank than |
| fill  | also now just officially formally hereby immediately simply really therefore respectfully please kindly definitely still actually completely fully both and finally only strongly |
| self  | i we my our me us |
| us    | you your yours ya immediate no |
| article | the my our a an his her their these those your |
| owner | customer's homeowner's client's borrower's owner's ho's today's yesterday's |
| partial | extra old duplicate second third first previous other another one additional secondary wrong prior current former existing initial original |
| no | not no never nor |

## classes

| class    | phrases |
|----------|---------|
| me       | i ; we ; my wife and i ; my husband and i ; my spouse and i ; my partner and i ; me and my wife ; me and my husband ; my wife and me ; my husband and me ; both of us ; the undersigned |
| adv      | also ; now ; just ; officially ; formally ; hereby ; immediately ; simply ; really ; therefore ; respectfully ; please ; kindly ; definitely ; still ; actually ; both ; all ; at this time ; have ; had ; would ; finally ; regretfully ; unfortunately |
| want     | want ; wish ; need ; would like ; would love ; would prefer ; would rather ; would really like ; am looking ; are looking ; am asking ; are asking ; am requesting ; are requesting ; ask ; request ; demand ; have decided ; have both decided ; decided ; have chosen ; choose ; chose ; have elected ; elect ; am electing ; intend ; desire ; am writing ; are writing ; write ; am emailing ; are emailing ; am contacting you ; are contacting you ; am reaching out ; are reaching out ; am hoping ; are hoping ; am sending this email/letter/message ; are sending this email/letter/message ; am going to have ; are going to have ; am going to need ; are going to need ; will have ; will need ; am choosing ; have ; am forced ; are forced ; have come to the decision ; have made the decision ; have made up our minds ; am ready ; are ready |
| customer | customer ; the customer ; our customer ; my customer ; this customer ; homeowner ; homeowners ; ho ; client ; our client ; borrower ; property owner ; cust ; cx |
| wants    | wants ; wishes ; would like ; needs ; want ; has decided ; have decided ; decided ; is looking ; is asking ; is requesting ; are requesting ; has requested ; requested ; requests ; has asked ; asked ; asks ; called ; called in ; called us ; emailed ; emailed us ; is wanting ; chose ; has chosen ; no longer wants ; is choosing |
| speaker  | he ; she ; they ; you ; rep ; reps ; salesman ; salesperson ; agent ; representative ; installer ; someone ; somebody ; everyone ; people ; neighbor ; friend ; website ; lawyer ; form ; paper ; company ; brother ; son ; daughter ; mom ; dad ; letter ; manager ; contractor |
| K        | contract ; agreement ; project ; solar ; panel ; panels ; system ; lease ; loan ; deal ; ppa ; financing ; program ; proposal ; application ; workflow ; transaction |
| my       | my ; our ; this ; the ; your ; his ; her ; their ; that ; an ; a ; any |
| proceed  | proceed ; proceeding ; move forward ; moving forward ; go forward ; going forward ; go ahead ; going ahead ; move ahead ; moving ahead ; continue ; continuing ; go through ; going through ; follow through ; do this ; doing this ; participate ; be moving forward ; be proceeding ; be going forward ; be continuing ; be going ahead ; go solar ; going solar |
| mail     | email ; e-mail ; letter ; message ; correspondence ; note ; communication |
| notice   | notice ; notification ; request ; confirmation ; letter ; statement ; intent ; intention ; decision ; demand ; instruction |
| cancelv  | cancel ; terminate ; rescind ; canceling ; cancelling |
| crew     | installer ; installers ; crew ; technician ; tech ; inspector ; city ; county ; surveyor ; electrician ; roofer ; contractor ; utility ; they ; he ; she ; you ; company ; team ; plumber ; airline ; interpreter ; caregiver ; nurse ; therapist |

## acts

| verb       | form  | phrases |
|------------|-------|---------|
| aside      | frame | noise cancelling ; noise canceling ; was on hold ; were on hold ; been on hold ; am on hold ; sitting on hold ; waited on hold ; waiting on hold ; kept me on hold ; left me on hold ; put me on hold ; putting me on hold ; placed on hold for ..2 minutes ; on hold for ..3 minutes ; on hold for ..3 hour ; on hold for ..3 hours ; hold time ; hold times ; hold music ; stop by ; end of ; cancelled check ; canceled check ; voided check ; void check ; cancelled cheque ; cancel out ; restore power ; restore the power ; power was restored ; power has been restored ; restore my password ; restored my power ; system restore ; keep you posted ; keep me posted ; keep in touch |
| policy     | frame | cancellation policy ; cancellation policies ; cancellation fee ; cancellation fees ; cancelation fee ; cancellation terms ; cancellation period ; cancellation window ; cancellation clause ; cancellation rights ; cancellation process ; cancellation procedure ; cancellation rate ; cancellation rates ; cancellation department ; cancellations team ; termination fee ; termination clause ; rescission period |
| restore    | frame | {me} {adv}? no longer {want} {adv}? to {cancelv} ..4 ; {me} {adv}? do not {want} {adv}? to {cancelv} ..4 anymore ; {me} {adv}? do not {want} to {cancelv} ..4 any more ; {me} {adv}? do not {want} to {cancelv} ..4 any longer ; {me} {adv}? do not {want} to {cancelv} ..4 after all ; {me} {adv}? decided not to {cancelv} ..4 after all ; {me} {want} ..2 {K} back |
| cancel     | frame | {me} {adv}? {adv}? no longer {adv}? want/wish/need/desire/require ..2 {K} ..2 ; {me} {adv}? no longer {want} to {proceed} $ ; {me} {adv}? no longer {want} to {proceed} with ..3 {K} ; {me} {adv}? {adv}? do not {adv}? want/wish/intend/plan to {proceed} $ ; {me} {adv}? {adv}? do not {adv}? want/wish/intend/plan to {proceed} with ..3 {K} ; {me} {adv}? do not want ..2 {K} anymore ; {me} {adv}? do not want ..2 {K} any more ; {me} {adv}? do not want ..2 {K} any longer ; {me} {adv}? {adv}? decided not to {proceed} $ ; {me} {adv}? {adv}? decided not to {proceed} with ..3 {K} ; {me} {adv}? {adv}? decided not to get ..2 {K} ; {me} {adv}? {adv}? decided against ..3 {K} ; {me} {adv}? decided against {proceed} ; {me} will not {proceed} $ ; {me} will not {proceed} with ..3 {K} ; {me} am/are not going to {proceed} $ ; {me} am/are not going to {proceed} with ..3 {K} ; {me} am/are not {proceed} with ..3 {K} ; {me} am/are not {proceed} $ ; {me} am/are no longer interested $ ; {me} am/are no longer interested in ..3 {K} ; {me} am/are no longer interested in {proceed} $ ; {me} am/are not interested in {proceed} ..1 $ ; {me} am/are not interested in {proceed} with ..3 {K} ; {me} want out of ..3 {K} ; {me} {want} to be released from ..3 {K} ; {me} {want} to be let out of ..3 {K} ; please do not {proceed} with ..3 {K} ; {me} would rather not {proceed} $ ; {me} would like not to {proceed} with ..3 {K} |
| other-cancel | frame | {customer} ..1 no longer wants/wishes/needs ..2 {K} ; {customer} ..1 no longer wants/wishes to {proceed} ; {customer} does not want to {proceed} ..3 ; {customer} has decided not to {proceed} ; {customer} decided not to {proceed} ; {customer} is no longer interested |
| hold       | frame | please do not send ..4 while/until/during/from/between ; please do not schedule ..4 while/until/during/from/between ; {me} will not need ..3 visits/services/care ..1 while/until/during/from/between ; {me} will not need ..1 any visits ..2 while/until/during/from/between ; please skip ..2 visit/visits |
| offhold    | base  | take ..5 off hold ; take ..5 off of hold |
| offhold    | done  | taken off hold ; taken off of hold |
| offhold    | ing   | taking ..5 off hold |
| uncancel   | base  | put ..3 appointment back ; put ..3 visit back |
| cancel     | base  | cancel ; cancle ; cancell ; canel ; cancal ; rescind ; annul ; nullify ; call off ; back out ; pull out ; pull the plug |
| cancel     | ing   | cancelling ; canceling ; rescinding ; annulling ; calling off ; backing out ; pulling out ; pulling the plug |
| cancel     | done  | cancelled ; canceled ; cancled ; rescinded ; annulled ; called off ; backed out ; pulled out |
| cancel     | third | cancels ; rescinds ; terminates ; uncancels |
| cancel     | noun  | cancellation ; cancelation ; cancellations ; rescission ; termination ; cancellation request ; cancel request ; cancelation request ; cancellation form ; cancellation letter ; notice of cancellation ; cancellation notice |
| terminate  | base  | terminate |
| terminate  | ing   | terminating |
| terminate  | done  | terminated |
| drop       | base  | end ; stop ; void ; revoke ; withdraw ; discontinue ; get out of ; walk away from ; exit ; break ; opt out of ; opt out ; get me out of ; get us out of ; let me out of ; let us out of ; release me from ; release us from |
| drop       | ing   | ending ; stopping ; voiding ; revoking ; withdrawing ; discontinuing ; getting out of ; walking away from ; breaking |
| drop       | done  | ended ; stopped ; voided ; revoked ; withdrawn ; discontinued |
| disregard  | base  | disregard ; ignore ; retract ; take back ; scratch ; forget about ; forget ; never mind ; nevermind ; halt ; reverse ; undo ; recant |
| disregard  | ing   | disregarding ; retracting ; taking back ; reversing ; undoing |
| disregard  | done  | disregarded ; retracted ; reversed ; undone |
| restore    | base  | restore ; reinstate ; re-instate ; reactivate ; re-activate ; reopen ; re-open ; revive |
| restore    | ing   | restoring ; reinstating ; reactivating ; reopening |
| restore    | done  | restored ; reinstated ; re-instated ; reactivated ; re-activated ; reopened |
| restore    | noun  | restoration ; reinstatement ; reactivation ; restoration request |
| uncancel   | base  | uncancel ; un-cancel |
| uncancel   | done  | uncancelled ; uncanceled ; un-cancelled ; un-canceled |
| resume     | base  | resume ; restart ; start up again ; start back up ; start again ; pick back up ; start ..3 back up ; start ..3 up again ; start ..3 again |
| resume     | ing   | resuming ; restarting |
| resume     | done  | resumed ; restarted |
| hold       | base  | pause ; suspend ; freeze ; put ..6 on hold ; place ..6 on hold ; put ..6 on pause ; put a hold on ; place a hold on ; put a pause on ; stop ..3 temporarily ; temporarily stop |
| hold       | ing   | pausing ; suspending ; putting ..6 on hold ; placing ..6 on hold |
| hold       | done  | paused ; suspended ; put on hold ; placed on hold ; on hold |
| hold       | noun  | vacation hold ; temporary hold ; service hold |
| keepoff    | base  | hold ; hold off on |
| lift       | base  | lift ; remove ; release ; end |
| lift       | done  | lifted ; removed ; released |
| reschedule | base  | reschedule ; re-schedule ; rebook ; re-book ; postpone |
| reschedule | ing   | rescheduling ; rebooking ; postponing |
| reschedule | done  | rescheduled ; re-scheduled ; rebooked ; postponed |
| reschedule | noun  | reschedule ; a different date for ; a different day for ; a different time for ; another date for ; another day for ; another time for ; a new date for ; a new time for |
| move       | base  | move ; change ; shift ; switch ; push ; push back ; bump |
| move       | ing   | moving ; changing ; shifting ; switching ; pushing |
| move       | done  | moved ; changed ; pushed |
| keep       | base  | keep ; stay with ; stay in ; go ahead with ; go forward with ; move forward with ; proceed with ; continue with ; go through with ; move ahead with |
| keep       | ing   | keeping ; staying with ; moving forward with ; going ahead with ; proceeding with |
| weak       | frame | end this ; stop this ; get me out ; get us out ; let me out ; changed my mind ; changed our mind ; changed our minds ; change of mind ; change of heart ; changed their mind ; not interested ; no longer interested ; want out ; get out of ; my deposit back ; our deposit back ; money back ; buyer's remorse ; remorse ; cooling off ; do not want it ; do not want this ; do not want the ..2 {K} ; do not want solar ; stop everything ; stop all work ; stop the install ; stop the installation ; stop work ; out of the contract ; another company ; different company ; another installer ; no longer moving ; not moving forward ; not going forward ; do not come ; do not install ; go another direction ; different direction ; will not be proceeding ; not proceed ; not proceeding ; undo this ; no longer need ; no longer want ; do not wish ; do not intend ; null and void ; not be moving forward ; done with this ; out of town ; on vacation ; away from home ; be away |

## objects

| kind         | phrases |
|--------------|---------|
| cancellation | cancellation ; cancelation ; cancellation request ; cancelation request ; cancel request ; cancellation notice ; notice of cancellation ; cancellation letter ; cancellation email ; cancellation form ; request to cancel ; requests to cancel ; request for cancellation ; notice to cancel ; decision to cancel ; letter of cancellation ; request about cancelling ; email to cancel ; email about cancelling ; email asking to cancel ; email requesting to cancel ; email requesting cancellation ; request to terminate ; my request to cancel ; my request for cancellation ; my request for a cancellation ; wish to cancel ; email where ..4 cancel ; message about cancelling |
| message      | previous email ; last email ; earlier email ; previous message ; last message ; earlier message ; previous request ; my email ; my last email ; my request ; my letter |
| hold         | hold ; vacation hold ; pause ; suspension ; freeze |
| contract     | contract ; contracts ; agreement ; lease ; ppa ; deal ; transaction ; workflow ; enrollment ; participation ; contract id ; installation contract ; whole thing |
| project      | solar installation ; solar install ; panel installation ; project ; solar ; panels ; panel ; system ; loan ; financing ; application ; proposal |
| part         | documents ; document ; docs ; form ; forms ; papers ; paperwork ; battery ; batteries ; upgrade ; add-on ; addon ; welcome call ; credit check ; inverter ; design ; email ; request ; installation ; install ; job ; jobs ; work |
| vague        | order ; account ; service ; services ; purchase ; subscription ; membership ; plan ; process ; program |
| visit        | appointment ; appointments ; appt ; visit ; visits ; survey ; inspection ; consultation ; session ; sessions ; interpreter ; assignment ; assignments ; shift ; slot ; booking ; walkthrough ; caregiver ; cleaning ; therapy ; technician ; meeting ; the call ; our call ; phone call ; service call ; zoom call ; conference call ; call with ; monday ; tuesday ; wednesday ; thursday ; friday ; saturday ; sunday ; monday's ; tuesday's ; wednesday's ; thursday's ; friday's ; saturday's ; sunday's ; tomorrow ; tomorrow's ; home care |
| when         | date ; time ; day ; dates |
| other        | newsletter ; newsletters ; mailing list ; emails ; flight ; flights ; hotel ; reservation ; reservations ; netflix ; gym ; magazine ; insurance ; policy ; permit ; permits ; check ; checks ; cheque ; card ; ticket ; tickets ; webinar ; lunch ; dinner ; autopay ; auto-pay ; payment ; payments ; purchase order ; po ; invoice ; debit ; utility ; electricity ; internet ; phone ; cable ; trip ; event ; party ; class ; classes ; game ; concert ; match ; show ; school ; practice ; wire ; ach ; notifications ; texts ; calls ; password ; wedding ; training ; ipo ; power |

## moods

| mood    | place    | form | phrases |
|---------|----------|------|---------|
| ask     | before   | base | {me} {adv}? {adv}? {want} {adv}? to {adv}? ; {me} {adv}? {want} to ..6 and ; {me} {want} to be able to ; {me} ..6 and decided to ; {me} ..6 and have decided to ; {me} ..6 and want/wish to ; {me} ..6 and would like to ; {me} must ; {me} hereby ; {me} do hereby ; i , ..4 , {adv}? hereby ; i , ..4 , {want} to ; accept/consider/take/treat this ..4 as ..6 to ; this ..4 is ..5 {notice} to ; this serves as ..5 {notice} to ; this ..3 serves as ..5 to ; {me} ..4 exercise/exercising/invoke/exercised ..4 right to ; {me} ..3 give/giving ..3 notice that {me} {adv}? ; {me} request/demand that you ; {me} ask that you ; {me} am/are asking that you ; {me} am/are requesting that you ; ^ wanting to ; ^ looking to ; ^ would like to ; ^ want to ; ^ need to ; ^ wish to ; ^ requesting to ; ^ writing to ; ^ formal request to ; ^ request to ; ^ decided to |
| ask     | before   | ing  | {me} am/are {adv}? ; {me} will be {adv}? ; {me} have decided on ; ^ requesting ; {me} am/are {adv}? requesting |
| ask     | before   | done | {me} {adv}? {want} to {adv}? request/ask/demand that ..6 be ; {me} {adv}? {want} to ..4 {adv}? ; {me} {adv}? {want} ..5 ; {me} {adv}? {want} ..4 to be ; {me} {adv}? request/ask/demand that ..6 be ; {me} am/are {adv}? asking/requesting that ..6 be ; {me} {adv}? {want} to have ..6 ; {me} {adv}? {want} to get ..6 |
| ask     | before   | noun | let this ..2 serve as ..4 ; may this ..2 serve as ..4 ; {me} {adv}? {want} to? request/submit/initiate/start/begin/proceed/file? with? for? {my}? {adv}? ..2 ; {me} am/are {adv}? requesting ..3 ; {me} {adv}? request ..3 ; {me} {adv}? want/need/demand {my} ; {me} {adv}? would like {my} ; {me} confirm ..1 {my} ; {me} am/are confirming ..1 {my} ; this ..5 {notice} of ..2 ; this ..5 {notice} for ..2 ; this is ..3 ; this serves as ..4 ; this {mail} serves as ..4 ; accept/consider/treat/take this ..4 as ..6 ; ^ requesting ..2 ; ^ formal request for ..2 ; {me} am/are submitting ..3 ; {me} {adv}? submit ..3 ; {me} am/are {adv}? giving ..3 notice of ..1 ; {me} ..4 exercise/exercising/invoke ..3 right of |
| please  | before   | base | please {adv}? {adv}? ; kindly {adv}? ; please go ahead and ; kindly go ahead and ; please proceed to ; please help me to? ; please help us to? ; can/could/would/will you please {adv}? ; please can/could/would you ; can/could/would you kindly ; {me} {want} you to {adv}? ; {me} instruct/authorize/direct you to ; please be sure to ; please make sure to ; please ..6 and ; go ahead and ; can we please ; can i please ; could we please ; could i please ; please accept ..6 to ; {me} would appreciate it if you would ; ^ just |
| please  | before   | done | please consider ..4 ; please have ..6 ; please get ..6 ; kindly have ..6 ; please see that ..4 is ; please make sure ..5 is ; please mark ..4 as ; must be ; please ensure ..4 is |
| please  | before   | noun | please {adv}? process/complete/finalize/initiate/start/begin/honor/proceed/accept/expedite with? {my}? ..2 ; please go ahead with {my}? ; kindly process {my}? ..1 ; please move forward with {my}? ; please submit {my}? ; proceed with {my} |
| bare    | before   | base | ^ |
| could   | before   | base | can/could/would/will/may you/we/i ; is it possible to ; would it be possible to ; is there any way to ; is there a way to ; would you be able to ; are you able to ; could someone ; can someone ; can you help me |
| could   | before   | ing  | would you mind ; what about ; how about |
| could   | before   | noun | can/could/may we/i get ; can/could/may we/i have ; do you have ; is there |
| other   | before   | base | {customer} {adv}? {wants} {adv}? to ; {customer} ..4 {wants} to ; {customer} ..6 and {wants} to ; {customer} who/that {wants} to ; mr/mrs/ms/miss ..2 {wants} to ; {customer} ..3 says/said/stated/states they/he/she {wants} to ; {customer} ..3 says/said/stated/states that? they/he/she ..1 {wants} to ; {customer} has asked us to ; {customer} asked us to |
| other   | before   | ing  | {customer} is/are {adv}? |
| other   | before   | done | {customer} {wants} ..5 ; {customer} {wants} ..4 to be ; {customer} {wants} to have ..4 |
| other   | before   | noun | {customer} ..3 and requested/requests/wants/requesting ..3 ; {customer} ..2 requested/requesting/requests/wants/submitted/needs ..3 ; {customer} ..2 asked for ..2 |
| not     | before   | ing  | hold off ; hold off on ; wait with ; wait on ; delay ; stop ; pause ; before |
| not     | before   |      | not/never/nor ..3 ; no ..2 ; without ..1 ; instead of ..1 ; rather than ..1 ; against ; avoid ..2 ; not ..2 want ..6 ; not {want} ..5 ; cannot ..2 ; unable to ; refuse to ; refused to |
| maybe   | sentence |      | someday ; one day ; in ..3 years ; in ..3 months ; down the road ; later on ; if ; unless ; whether ; in case ; maybe ; perhaps ; might ; possibly ; wondering ; wonder ; considering ; contemplating ; thinking ; think about ; tempted ; not sure ; unsure ; not certain ; undecided ; on the fence ; not convinced ; do not think ; do not believe ; do not know ; what happens ; what would happen ; how do i ; how can i ; how does one ; like to know ; want to know ; need to know ; let me know how ; like to discuss ; want to discuss ; need to discuss ; like to understand ; need to understand ; like to talk ; want to talk ; hypothetically ; suppose ; supposing ; assuming ; otherwise ; or else ; what if ; not true ; not correct ; never said ; not say ; did not ask ; never asked ; did not request ; never requested ; not mean ; almost ; used to want ; do i have to ; would have to ; may have to ; could have to ; considered ; options ; threatening ; curious ; inquire ; inquiring ; question about ; questions about ; test email ; this is a test ; just testing ; for example ; such as ; current provider ; other company ; no customer ; no homeowner ; no client ; no one ; another customer ; other customers ; many customers ; some customers ; every customer ; any customer ; another homeowner ; other homeowners ; many homeowners ; some homeowners ; when a customer ; when a homeowner ; ____ ; do you want ; would you like ; do you wish ; then ..2 will ; provided ; waiting to see ; in the event ; should a customer ; should the customer |
| maybe   | after    | frame | on the ; only ; just the ; instead ; buy ; pay cash ; switch me ; switch us |
| maybe   | after    |      | sign a new ; sign another ; redo ; resend ; re-send ; re-sign ; resign ; replace ; new one ; start over ; new contract ; new agreement ; amend ; said ; but ; however ; or ; yet ; eventually ; at some point ; in the future ; next year ; for now ; before signing ; before switching ; before joining ; before i sign ; before we sign ; before i switch ; so i can sign with you ; so we can sign with you ; and switch to you ; once ; only when ; except ; just kidding |
| maybe   | before   |      | thought about ; before ..2 ; when ..2 ; once ..2 ; after ..2 ; until ..2 ; should {me} ; how to ; about ..1 ; like ; feel like ; reason to ; threatened to ; trying to decide to ; about to |
| mistake | sentence |      | by mistake ; mistakenly ; in error ; by accident ; accidentally ; misunderstanding ; mix-up ; mixup |
| told    | sentence |      | should write ; should say ; to write ; to say ; {speaker} ..2 said ; {speaker} ..2 says ; {speaker} ..2 told ; {speaker} ..2 tell ; {speaker} ..2 claims ; {speaker} ..2 claimed ; {speaker} ..2 thinks ; {speaker} ..2 advised ; {speaker} ..2 suggested ; {speaker} ..2 recommended ; {speaker} ..2 wants me to ; {speaker} ..2 wants us to ; told me ; told us ; was told ; were told ; told i ; asked me to ; asked us to ; someone asked ; according to ; heard that ; i heard ; i read ; my neighbor ; my neighbors ; my friend ; my sister ; my brother ; my cousin ; my coworker ; a friend of |
| notice  | before   |      | you may ; you can ; you may also ; the buyer , may ; buyer may ; consumer may ; customer may ; customers may ; customers can ; ^ to ; or to ; you have the right to ; option to ; members can ; you can always |
| notice  | sentence |      | at any time prior to midnight ; cancel anytime ; cancel any time ; cancel at any time ; free cancellation ; unsubscribe ; manage your subscription ; email preferences ; cancel your subscription ; no obligation |
| aside   | before   | done | {crew} ..3 ; flight was ; game was ; event was |
| benign  | sentence |      | at once ; but thank ; but thanks ; let me know if ..4 ; let us know if ..4 ; if you have any ; if you need ; if you require ; if i need ; if there is anything ; if there are any ; if there is any ; if possible ; if at all possible ; as if ; even if ; if needed ; if necessary ; if any ; if you could ; if you would ; should you need ; should you have ; if that is ok ; if not already ; if not sooner ; if applicable ; not sure why ; contact me if ; call me if ; email me if ; within three days or ; or call me ; or email me ; or contact me ; know what else ; any other questions ; or anything ; or any ; if you don not mind ; or more |

## facts

| fact                | phrases |
|---------------------|---------|
| hedge               | kidding ; joking ; no wait ; pay cash ; switch me to ; switch us to ; new contract ; new agreement ; sign a new ; resend ; re-send ; redo ; start over ; would stay ; reconsider ; convince me ; change my mind if ; not decided ; not made a decision ; still deciding ; still thinking ; thinking it over ; think it over ; let you know our decision ; let you know my decision ; this is a test ; just testing ; ignore this email ; hypothetically ; do not cancel ; do not want to cancel ; not cancelling ; not canceling ; never wanted to cancel ; wait until ; do not do anything yet ; do not process ; hold off until ; before you cancel ; second thoughts about cancelling ; sample letter ; is this correct wording ; draft letter ; draft email |
| mind                | changed my mind ; changed our mind ; changed our minds ; change of mind |
| deceased            | passed away ; deceased ; passed on ; late husband ; late wife ; late mother ; late father ; death of my ; death of our ; death of the homeowner ; death certificate ; husband died ; wife died ; mother died ; father died ; homeowner died ; customer died ; he died ; she died ; has died ; mr ..1 died ; mrs ..1 died |
| form:notice         | notice of cancellation ; cancellation notice ; notice of right to cancel ; notice of rescission |
| form:telegram       | telegram |
| attached            | see attached ; attached ; attachment ; enclosed ; please find |
| affirm              | yes ; yep ; yeah ; confirmed ; i confirm ; we confirm ; correct ; go ahead ; please proceed ; that is right ; that is correct ; agreed ; please do ; do it ; sounds good ; approved |
| wrapper             | below ; forwarding ; forwarded ; fyi ; per customer ; per the customer ; on behalf of ; from customer ; from the customer |
| thanks              | thanks ; thank you ; got it ; received ; appreciate it |
| sample              | sample ; template ; you , the buyer , may cancel ; you the buyer may cancel ; you may cancel this transaction |
| reason:financial    | afford ; too expensive ; cost too much ; costs too much ; lost my job ; lost his job ; lost her job ; laid off ; unemployed ; financial ; financially ; finances ; money is tight ; monthly payment ; payments are too ; budget ; retired ; too much money ; debt ; credit |
| reason:moving       | moving to ; are moving ; am moving ; we moved ; i moved ; relocating ; relocate ; relocation ; selling our house ; selling my house ; selling the house ; selling our home ; selling my home ; selling the home ; sold the house ; sold our house ; sold my house ; sold our home ; sell the house ; sell our house ; sell my house ; sell our home ; foreclosure ; new house ; job transfer |
| reason:other-offer  | another company ; different company ; other company ; better offer ; better deal ; better price ; cheaper ; competitor ; another installer ; different installer ; another provider ; another offer ; another quote ; another contractor ; lower quote ; lower price ; other offer |
| reason:delay        | delay ; delays ; delayed ; taking too long ; taken too long ; takes too long ; took too long ; waiting for months ; been waiting ; waited ; too slow ; no progress ; nothing has happened ; nothing happened ; months have passed ; still not installed ; missed deadline |
| reason:changed-mind | changed my mind ; changed our mind ; changed our minds ; change of mind ; change of heart ; second thoughts ; no longer interested ; not for us ; not for me ; not right for us ; not right for me ; no longer want ; decided against ; decided not ; buyer's remorse ; do not want ; thought it over ; thought about it |
`)
